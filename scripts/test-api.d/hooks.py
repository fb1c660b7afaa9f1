"""Signs Schemathesis in: each request that needs a user has the token of a new one, because many requests
end the session or the account."""

import itertools
import json
import urllib.parse
import urllib.request

import schemathesis

PASSWORD = "correct horse battery"

numbers = itertools.count()


@schemathesis.auth(refresh_interval=None)
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
