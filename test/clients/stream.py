"""Each client sends 30 MB of NDJSON before it reads 7 MB of replies; prints how many there were. Usage: stream.py CLIENT URL"""
import asyncio, json, sys, urllib.request

client, url = sys.argv[1:]
request = {"tokens": [[0.1, 0.7]] * 64, "include": ["weights", "scores"], "decimals": 6}
line = json.dumps(request).encode() + b" " * 120_000 + b"\n"
body = line * 120
headers = {"content-type": "application/x-ndjson"}

def by_urllib():
    return urllib.request.urlopen(urllib.request.Request(url, body, headers)).read()

def by_requests():
    import requests
    return requests.post(url, data=body, headers=headers).content

def by_httpx():
    import httpx
    return httpx.post(url, content=body, headers=headers, timeout=60).content

async def by_httpx_async():
    import httpx
    async with httpx.AsyncClient(timeout=60) as session:
        return (await session.post(url, content=body, headers=headers)).content

replies = asyncio.run(by_httpx_async()) if client == "httpx-async" else {"urllib": by_urllib, "requests": by_requests, "httpx": by_httpx}[client]()
print(sum("weights" in json.loads(reply) for reply in replies.splitlines()))
