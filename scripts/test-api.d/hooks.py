"""Signs Schemathesis in: each request has the token of a new user, because many requests end the session or
the account. Those that sign in have none: they may ask for a cookie, and nobody gets both."""

import itertools
import json
import urllib.parse
import urllib.request

import schemathesis

PASSWORD = "correct horse battery"

numbers = itertools.count()


@schemathesis.auth(refresh_interval=None).skip_for(path=["/api/sign_in", "/api/sign_up"])
class NewUser:
    def get(self, case, context):
        form = {
            "name": "Ada",
            "email": f"ada{next(numbers)}@example.com",
            "password": PASSWORD,
            "token": "true",
        }
        address = f"{case.operation.base_url}/api/sign_up"
        request = urllib.request.Request(address, urllib.parse.urlencode(form).encode())
        with urllib.request.urlopen(request) as response:
            json.load(response)
            return response.headers["Guardian-Token"]

    def set(self, case, token, context):
        case.headers["Authorization"] = f"Bearer {token}"
