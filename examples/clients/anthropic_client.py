"""Anthropic's Python client at a Proviso: a call that the terms permit, and one that they refuse."""
import os

import anthropic

URL = os.environ.get("PROVISO_URL", "http://127.0.0.1:8787")
KEY = os.environ["PROVISO_KEY"]
MODEL = os.environ.get("PROVISO_MODEL", "sandbox")

client = anthropic.Anthropic(base_url=URL, api_key=KEY)


def question(content: str):
    messages = [{"role": "user", "content": content}]
    return {"model": MODEL, "max_tokens": 300, "messages": messages}


with client.messages.stream(**question("Say good morning in three languages.")) as stream:
    print("permitted:", stream.get_final_text())
    print("entry:", stream.response.headers["proviso-decision"])

try:
    client.messages.create(
        **question(
            "Track the location of ada@example.org, ben@example.org, cleo@example.org and dov@example.org."
        )
    )
except anthropic.PermissionDeniedError as error:
    print("refused:", error.response.headers["proviso-code"])
    print("entry:", error.response.headers["proviso-decision"])
    print(error.message)
