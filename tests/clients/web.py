"""A visitor with a web page: asks over REST, listens to Server-Sent Events, talks."""

import http.client
import json
import threading

from stage import Failure, call


class WebVisitor:
    """One request; `notice` is called from a thread of its own with the data of each `chatapi.ask` event."""

    def __init__(self, port, notice):
        self.port, self.notice = port, notice
        self.request = self.stream = None

    def ask(self, form):
        """Asks the workgroup, without any account; gives the answer."""
        status, answer = call(self.port, "POST", "/restapi/v1/ask", form)
        if status != 200:
            raise Failure(f"POST /ask was answered with {status}: {answer}")
        self.request = answer
        self.stream = http.client.HTTPConnection("127.0.0.1", self.port)
        self.stream.request("GET", f"/sse/{answer['userID']}?token={answer['token']}")
        events = self.stream.getresponse()
        if events.status != 200:
            raise Failure(f"the stream of events was answered with {events.status}")
        threading.Thread(target=self._listen, args=(events,), daemon=True).start()
        return answer

    def say(self, text):
        """Says something to whoever helps."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            headers = {"Authorization": f"Bearer {self.request['token']}"}
            connection.request("PUT", f"/restapi/v1/ask/{self.request['userID']}", text.encode(), headers)
            answer = connection.getresponse()
            if answer.status != 200:
                raise Failure(f"PUT /ask was answered with {answer.status}: {answer.read().decode()}")
        finally:
            connection.close()

    def _listen(self, events):
        name = None
        for line in events:
            field, _, value = line.decode().rstrip("\r\n").partition(": ")
            if field == "event":
                name = value
            elif field == "data" and name == "chatapi.ask":
                self.notice(json.loads(value))
