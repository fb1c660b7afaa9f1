"""Runs the Python of guardian/docs/apps.md against the server of the environment variable SITE_URL."""

import os
import pathlib
import re
import unittest
import urllib.error

DOCUMENT = pathlib.Path(__file__).parents[2] / "guardian/docs/apps.md"
PASSWORD = "correct horse battery"


def document():
    """The names that the document's Python defines."""
    blocks = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text(), re.M | re.S)
    names = {}
    for block in blocks:
        exec(compile(block, DOCUMENT, "exec"), names)
    names["SITE"] = os.environ["SITE_URL"]
    return names


class Documents(unittest.TestCase):
    def setUp(self):
        self.Session = document()["Session"]
        self.email = f"{self.id().rsplit('.')[-1]}@example.com"
        form = {"name": "Ada", "email": self.email, "password": PASSWORD, "token": "true"}
        self.Session().post("/api/sign_up", **form)

    def signed_in(self):
        session = self.Session()
        user = session.sign_in(self.email, PASSWORD)
        self.assertEqual(user["profile"]["name"], "Ada")
        return session

    def is_signed_in(self, token):
        return self.Session(token).user() is not None

    def test_sign_out(self):
        here, elsewhere = self.signed_in(), self.signed_in()
        token = here.token
        self.assertTrue(self.is_signed_in(token))
        here.sign_out()
        self.assertIsNone(here.token)
        self.assertFalse(self.is_signed_in(token))
        self.assertTrue(self.is_signed_in(elsewhere.token))

    def test_scopes(self):
        here, elsewhere = self.signed_in(), self.signed_in()
        here.sign_out("others")
        self.assertTrue(self.is_signed_in(here.token))
        self.assertFalse(self.is_signed_in(elsewhere.token))
        token = here.token
        elsewhere = self.signed_in()
        here.sign_out("global")
        self.assertFalse(self.is_signed_in(token))
        self.assertFalse(self.is_signed_in(elsewhere.token))

    def test_one_session(self):
        here, elsewhere = self.signed_in(), self.signed_in()
        sessions = here.sessions()
        self.assertEqual(len(sessions), 3)
        self.assertEqual({session["browser"] for session in sessions}, {"App"})
        handle = elsewhere.user()["session"]
        here.sign_out(session=handle)
        self.assertFalse(self.is_signed_in(elsewhere.token))
        self.assertTrue(self.is_signed_in(here.token))

    def test_a_new_token_replaces_the_old_one(self):
        session = self.signed_in()
        old = session.token
        session.post("/api/confirm", password=PASSWORD)
        self.assertNotEqual(session.token, old)
        self.assertTrue(self.is_signed_in(session.token))
        self.assertFalse(self.is_signed_in(old))

    def test_an_ended_session(self):
        session = self.signed_in()
        self.Session(session.token).sign_out()
        self.assertIsNone(session.user())
        session.sign_out()
        with self.assertRaises(urllib.error.HTTPError) as error:
            session.sessions()
        self.assertEqual(error.exception.code, 401)
        error.exception.close()


if __name__ == "__main__":
    unittest.main()
