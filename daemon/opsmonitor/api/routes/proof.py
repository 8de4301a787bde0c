"""Proofs: a program asks who answers before it shows its token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsmonitor.api.body import read_json
from opsmonitor.api.encode import json_answer
from opsmonitor.api.errors import ApiError
from opsmonitor.api.keys import DEPS, HOSTS
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.proof import CHALLENGE, ProofBody, ProofKeyBody
from opsmonitor.api.schemas.service import ErrorBody
from opsmonitor.api.scope import Scope

if TYPE_CHECKING:
    from aiohttp import web

routes = Routes("tokens")


@routes.post("/api/proof-key", scope=Scope.READ, answers={200: Answer(body=ProofKeyBody)})
async def new_key(request: web.Request) -> web.Response:
    """Give a program the key by which it knows this daemon again."""
    proof_id, key = request.app[DEPS].identity.new_key()
    return json_answer(ProofKeyBody(id=proof_id, key=key.reveal()))


@routes.post(
    "/api/prove",
    scope=Scope.PUBLIC,
    body=CHALLENGE,
    answers={
        200: Answer(body=ProofBody),
        403: Answer(body=ErrorBody, description="What was called is no address of this daemon"),
    },
)
async def prove(request: web.Request) -> web.Response:
    """Prove to a program that this is the daemon it has a key of.

    Whoever passes a challenge on from elsewhere has to say where the program called, or the answer
    is worth nothing to it: and that is not here.
    """
    challenge = await read_json(request, CHALLENGE)
    if not request.app[HOSTS].allows(challenge.origin.partition("://")[2]):
        raise ApiError(
            403,
            "host_not_allowed",
            "what was called is no address that this daemon knows as its own;"
            " add it to server.allowed_hosts in checks.yml",
        )
    deps = request.app[DEPS]
    instance_id = deps.store.instance_id
    proof = deps.identity.prove(instance_id, challenge)
    return json_answer(ProofBody(instance_id=instance_id, proof=proof))
