"""The vectors that were made of an agent's texts: kept by the digests of those, outside the log."""

import hashlib
import os
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import numpy as np
from msgspec import Struct

from eventlog.database import Conn
from eventlog.statements import statement
from schema.errors import Broken
from schema.ids import memory_stream
from service.memory.embedder import Purpose, Vector

ADD_SALT: Final = statement(__package__, "add_salt")
SALT: Final = statement(__package__, "salt")
KNOWN: Final = statement(__package__, "known_digests")
KEEP_VECTORS: Final = statement(__package__, "keep_vectors")
KEEP_DIGESTS: Final = statement(__package__, "keep_digests")
KEPT_VECTOR: Final = statement(__package__, "kept_vector")
FORGET_ERASED: Final = statement(__package__, "forget_erased")
FORGET_VECTORS: Final = statement(__package__, "forget_vectors")

SALT_BYTES: Final = 16


class Shelf(Struct, frozen=True):
    """Where one agent's vectors are kept; two agents share none, whatever they remember."""

    partition: int
    agent_id: str
    salt: bytes

    def digest(self, text: str, purpose: Purpose) -> bytes:
        """What *text* is kept under: it tells nothing of the text to who lacks the salt."""
        said = text.encode(errors="surrogatepass")
        return hashlib.sha256(self.salt + purpose.encode() + b"\0" + said).digest()

    async def known(self, conn: Conn, space: str, digests: Sequence[bytes]) -> set[bytes]:
        """Those of *digests* that have a vector in *space*."""
        rows = await conn.fetch(KNOWN, self.partition, self.agent_id, space, list(digests))
        return {row["digest"] for row in rows}

    async def vector(self, conn: Conn, space: str, digest: bytes) -> "Vector | None":
        """The vector in *space* that is kept under *digest*."""
        kept = await conn.fetchval(KEPT_VECTOR, self.partition, self.agent_id, space, digest)
        return None if kept is None else np.asarray(kept, dtype=np.float32)

    async def keep(
        self, conn: Conn, space: str, digests: Sequence[bytes], vectors: Sequence[Vector]
    ) -> None:
        """Keep *vectors* under *digests*; what is there already stays."""
        if digests:
            texts = [as_text(vector) for vector in vectors]
            where = (self.partition, self.agent_id, space)
            await conn.execute(KEEP_VECTORS, *where, list(digests), texts)

    async def keep_digests(self, conn: Conn, ids: Sequence[UUID], digests: Sequence[bytes]) -> None:
        """Keep that the texts of the entries *ids* have *digests*."""
        stream = memory_stream(self.agent_id)
        await conn.execute(KEEP_DIGESTS, self.partition, stream, list(ids), list(digests))

    async def forget_erased(self, conn: Conn, ids: Sequence[UUID] | None = None) -> None:
        """Forget what was made of texts that were erased, of the entries *ids* or of all."""
        stream = memory_stream(self.agent_id)
        wanted = None if ids is None else list(ids)
        gone = await conn.execute(FORGET_ERASED, self.partition, stream, wanted)
        if ids is None or gone != "DELETE 0":
            await conn.execute(FORGET_VECTORS, self.partition, self.agent_id, [stream])


async def shelf_of(conn: Conn, partition: int, agent_id: str) -> Shelf:
    """The shelf of *agent_id*, with a salt of its own from the first time on."""
    await conn.execute(ADD_SALT, partition, agent_id, os.urandom(SALT_BYTES))
    salt = await conn.fetchval(SALT, partition, agent_id)
    if salt is None:
        raise Broken(f"agent {agent_id} has no salt")
    return Shelf(partition, agent_id, salt)


def as_text(vector: Vector) -> str:
    """*vector* as PostgreSQL reads it; each number comes back as it was."""
    return f"[{','.join(map(str, vector.tolist()))}]"
