import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
import zmq
import zmq.asyncio
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.session import Session
from voilaserver import get_at_once, get_msg

pytestmark = pytest.mark.slow


async def answer_missed_by(read) -> str:
    """Read from a socket, while another object that shares it sends just when the answer comes; return the answer."""
    waits = asyncio.Event()

    class Watched(zmq.asyncio.Socket):
        def poll(self, *timeout):
            ready = super().poll(*timeout)
            waits.set()
            return ready

    with (
        zmq.asyncio.Context() as context,
        context.socket(zmq.DEALER, socket_class=Watched) as asked,
        zmq.Socket(context, zmq.ROUTER) as kernel,
    ):
        address = f"tcp://127.0.0.1:{kernel.bind_to_random_port('tcp://127.0.0.1')}"
        asked.connect(address)
        session, plain = Session(key=b""), zmq.Socket(asked)
        session.send(plain, "execute_request")
        name, *_ = kernel.recv_multipart()
        reading = asyncio.ensure_future(read(AsyncZMQSocketChannel(asked, session)))
        await asyncio.wait_for(waits.wait(), 5)
        session.send(kernel, "execute_reply", ident=name)
        assert plain.poll(5000)  # it is there; sending takes notice of that, and the other object never hears of it
        session.send(plain, "comm_msg")
        try:
            return (await asyncio.wait_for(reading, 3))["msg_type"]
        except TimeoutError:
            return "missed"


def test_an_answer_that_a_socket_missed_is_found_all_the_same():
    """A plain read never returns an answer that is already there, and the one of the tests' server does."""
    with ThreadPoolExecutor(1) as apart:  # the browser's tests leave a loop running in this thread
        assert apart.submit(lambda: asyncio.run(answer_missed_by(get_at_once))).result() == "missed"
        assert apart.submit(lambda: asyncio.run(answer_missed_by(get_msg))).result() == "execute_reply"
