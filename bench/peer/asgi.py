"""Dot-product attention over tokens as a bare ASGI app, without any validation: JSON by orjson, the arithmetic by NumPy."""

import numpy
import orjson


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    parts = []
    while True:
        message = await receive()
        parts.append(message["body"])
        if not message.get("more_body"):
            break
    body = answer(orjson.loads(b"".join(parts)))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def answer(request):
    tokens = numpy.array(request["tokens"], numpy.float32)
    queries = tokens[request["query"]] if "query" in request else tokens
    scores = queries @ tokens.T
    exponentials = numpy.exp(scores - scores.max(-1, keepdims=True))
    weights = exponentials / exponentials.sum(-1, keepdims=True)
    reply = {"scores": scores, "weights": weights, "context": weights @ tokens}
    return orjson.dumps(reply, option=orjson.OPT_SERIALIZE_NUMPY)
