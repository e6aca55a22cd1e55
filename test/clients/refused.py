"""Each client sends 20 MB where 100 kB is the limit; so many times; prints each status that it saw, or what broke. Usage: refused.py CLIENT TIMES URL"""
import asyncio, sys, urllib.error, urllib.request

client, times, url = sys.argv[1:]
body = b" " * 20_000_000
headers = {"content-type": "application/json"}

def by_urllib():
    try:
        return urllib.request.urlopen(urllib.request.Request(url, body, headers)).status
    except urllib.error.HTTPError as error:
        return error.code

def by_requests():
    import requests
    return requests.post(url, data=body, headers=headers).status_code

def by_httpx():
    import httpx
    return httpx.post(url, content=body, headers=headers).status_code

async def by_httpx_async():
    import httpx
    async with httpx.AsyncClient() as session:
        return (await session.post(url, content=body, headers=headers)).status_code

for _ in range(int(times)):
    print(asyncio.run(by_httpx_async()) if client == "httpx-async" else {"urllib": by_urllib, "requests": by_requests, "httpx": by_httpx}[client]())
