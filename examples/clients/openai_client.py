"""OpenAI's Python client at a Proviso: a call that the terms permit, and one that they refuse."""
import os

import openai

URL = os.environ.get("PROVISO_URL", "http://127.0.0.1:8787")
KEY = os.environ["PROVISO_KEY"]
MODEL = os.environ.get("PROVISO_MODEL", "sandbox")

client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY)


def ask(content: str):
    messages = [{"role": "user", "content": content}]
    return client.chat.completions.with_raw_response.create(model=MODEL, messages=messages)


response = ask("Say good morning in three languages.")
print("permitted:", response.parse().choices[0].message.content)
print("entry:", response.headers["proviso-decision"])

with client.responses.stream(model=MODEL, input="And good night?") as stream:
    for event in stream:
        if event.type == "response.output_text.delta":
            print(event.delta, end="")
print()

try:
    ask("Track the location of ada@example.org, ben@example.org, cleo@example.org and dov@example.org.")
except openai.PermissionDeniedError as error:
    print("refused:", error.code)
    print("entry:", error.response.headers["proviso-decision"])
    print(error.message)
