"""Flask-Limiter: a web application answers 429 once its limit is reached."""
import sys

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

app = Flask(__name__)
limiter = Limiter(
    get_remote_address, app=app, storage_uri=f"redis://127.0.0.1:{sys.argv[1]}/2", strategy="moving-window", headers_enabled=True
)


@app.route("/few")
@limiter.limit("3 per hour")
def few():
    return "welcome"


@app.route("/many")
@limiter.limit("1000 per hour; 2000 per day")
def many():
    return "welcome"


client = app.test_client()
assert [client.get("/few").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
assert [client.get("/many").status_code for _ in range(5)] == [200] * 5
assert client.get("/few").headers["X-RateLimit-Remaining"] == "0"
limiter.reset()
assert client.get("/few").status_code == 200
print("200 three times, then 429; reset")
