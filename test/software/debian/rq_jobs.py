"""RQ: jobs, one that depends on another, one that fails, a retry and a scheduled one, done by a worker in this process."""
import sys
from datetime import timedelta

from redis import Redis
from rq import Queue, Retry, SimpleWorker
from rq.registry import ScheduledJobRegistry

connection = Redis(port=int(sys.argv[1]), db=4)
queue = Queue(connection=connection)
jobs = [queue.enqueue(pow, n, 2) for n in range(20)]
after = queue.enqueue(sum, [1, 2, 3], depends_on=jobs[-1])
failed = queue.enqueue("builtins.int", "no number", retry=Retry(max=2))
later = queue.enqueue_in(timedelta(hours=1), print, "never")
SimpleWorker([queue], connection=connection).work(burst=True, logging_level="ERROR")
assert [job.result for job in jobs] == [n**2 for n in range(20)]
assert after.result == 6
assert failed.get_status() == "failed" and failed.id in queue.failed_job_registry
assert later.id in ScheduledJobRegistry(queue=queue)
later.delete()
print("20 jobs, a dependent one, one that failed three times, one for later")
