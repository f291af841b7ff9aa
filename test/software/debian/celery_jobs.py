"""Celery: a worker and the one who sends it tasks. PORT in the environment; `python3 celery_jobs.py` is the sender."""
import os
import time

from celery import Celery, chord, chain, group

URL = f"redis://127.0.0.1:{os.environ['PORT']}/0"
app = Celery("celery_jobs", broker=URL, backend=URL)
app.conf.update(task_acks_late=True, result_expires=3600, worker_prefetch_multiplier=1)


@app.task
def add(a, b):
    return a + b


@app.task
def total(numbers):
    return sum(numbers)


@app.task(bind=True, max_retries=3)
def flaky(self):
    if self.request.retries < 2:
        raise self.retry(countdown=0.05)
    return self.request.retries


@app.task
def fail():
    raise ValueError("out of paper")


def main():
    assert [result.get(timeout=60) for result in [add.delay(n, n) for n in range(50)]] == [2 * n for n in range(50)]
    assert group(add.s(n, 1) for n in range(10))().get(timeout=60) == list(range(1, 11))
    assert chain(add.s(1, 2), add.s(3), add.s(4))().get(timeout=60) == 10
    assert chord((add.s(n, n) for n in range(10)), total.s())().get(timeout=60) == 90
    assert flaky.delay().get(timeout=60) == 2
    began = time.time()
    assert add.apply_async((1, 2), countdown=1).get(timeout=60) == 3
    assert time.time() - began >= 1
    failed = fail.delay()
    try:
        failed.get(timeout=60)
    except ValueError as error:
        assert str(error) == "out of paper", error
    else:
        raise AssertionError("the task that fails did not")
    assert failed.state == "FAILURE", failed.state
    answers = app.control.ping(timeout=5)
    assert len(answers) == 1, answers
    print("50 tasks, a group, a chain, a chord, a retry, a countdown, a failure, a ping of the worker")


if __name__ == "__main__":
    main()
