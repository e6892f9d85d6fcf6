"""Google's Python client at a Proviso: a call that the terms permit, and one that they refuse."""
import os

from google import genai
from google.genai import errors, types

URL = os.environ.get("PROVISO_URL", "http://127.0.0.1:8787")
KEY = os.environ["PROVISO_KEY"]
MODEL = os.environ.get("PROVISO_MODEL", "sandbox")

client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=URL))

answer = client.models.generate_content(
    model=MODEL, contents="Say good morning in three languages."
)
print("permitted:", answer.text)
print("entry:", answer.sdk_http_response.headers["proviso-decision"])

try:
    client.models.generate_content(
        model=MODEL,
        contents="Track the location of ada@example.org, ben@example.org, cleo@example.org and dov@example.org.",
    )
except errors.ClientError as error:
    detail = error.details["error"]["details"][0]
    print("refused:", detail["reason"])
    print("entry:", detail["metadata"]["entry"])
    print(error.message)
