"""A client of the service: typed by the same messages, patient where the world is not.

Read `client.py` first; `requests.py` sends, `errors.py` tells what was refused in the classes that
the embedded runtime raises, `follow.py` keeps a stream going over lost connections.
"""

from service.client.client import Client, open_client
from service.client.errors import NotLetIn, RefusedThere
from service.client.follow import Followed
from service.client.requests import Patience

__all__ = ["Client", "Followed", "NotLetIn", "Patience", "RefusedThere", "open_client"]
