"""Memory and graph over HTTP: written, read at any version, found, and refused by name."""

from typing import Any

from tests.serving import Api

MEMORY = "/v1/agents/ana/memory"
GRAPH = "/v1/agents/ana/graph"


async def test_an_episode_is_remembered_shown_pinned_and_forgotten(api: Api):
    said = {"content": "Ana moved to Bergen.", "tags": ["home"], "importance": 0.9}
    made = await api("POST", f"{MEMORY}/episodes", said, expect=201)
    episode = f"{MEMORY}/episodes/{made['id']}"
    assert made["item"]["content"] == said["content"]
    assert await api("GET", episode) == made["item"]

    await api("PUT", episode, {"pinned": True})
    assert (await api("GET", episode))["pinned"]

    gone = await api("DELETE", episode, params={"reason": "wrong"})
    await api("GET", episode, expect=404)
    before = await api("GET", episode, params={"as_of": gone["version"] - 1})
    assert before["content"] == said["content"]
    await api("DELETE", episode, expect=404)


async def test_the_same_request_remembers_once(api: Api):
    said, headers = {"content": "Once."}, {"Idempotency-Key": "once"}
    first = await api.send("POST", f"{MEMORY}/episodes", said, headers=headers)
    again = await api.send("POST", f"{MEMORY}/episodes", said, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len((await api("GET", f"{MEMORY}/episodes"))["data"]) == 1

    other = {"content": "Twice."}
    await api("POST", f"{MEMORY}/episodes", other, headers=headers, expect=422)


async def test_lists_come_in_parts_of_one_version(api: Api):
    for n in range(5):
        await api("POST", f"{MEMORY}/episodes", {"content": f"e{n}"}, expect=201)
        await api("PUT", f"{MEMORY}/facts/k{n}", {"value": str(n)})
    episodes = await api("GET", f"{MEMORY}/episodes", params={"limit": 2})
    facts = await api("GET", f"{MEMORY}/facts", params={"limit": 2})
    await api("POST", f"{MEMORY}/episodes", {"content": "late"}, expect=201)
    await api("PUT", f"{MEMORY}/facts/k9", {"value": "late"})

    contents = [one["content"] for one in await rest_of(api, f"{MEMORY}/episodes", episodes)]
    keys = [one["key"] for one in await rest_of(api, f"{MEMORY}/facts", facts)]

    assert contents == ["e4", "e3", "e2", "e1", "e0"]
    assert keys == ["k0", "k1", "k2", "k3", "k4"]


async def test_facts_stand_under_any_key(api: Api):
    for key in ("plain", "a/b", "ünï ☃", "per%cent"):
        path = f"{MEMORY}/facts/{quoted(key)}"
        made = await api("PUT", path, {"value": "v", "tags": ["t"]})
        assert made["item"]["key"] == key
        assert (await api("GET", path))["value"] == "v"
    await api("POST", f"{MEMORY}/facts", {"key": "plain", "value": "w"}, expect=201)
    assert (await api("GET", f"{MEMORY}/facts/plain"))["value"] == "w"
    await api("DELETE", f"{MEMORY}/facts/plain")
    await api("DELETE", f"{MEMORY}/facts/plain", expect=404)


async def test_memory_is_searched_as_it_is_and_as_it_was(api: Api):
    first = await api("POST", f"{MEMORY}/episodes", {"content": "Ana likes tea."}, expect=201)
    await api("POST", f"{MEMORY}/episodes", {"content": "Ana likes coffee."}, expect=201)

    now = await api("POST", f"{MEMORY}/search", {"query": "likes", "limit": 5})
    then = await api("POST", f"{MEMORY}/search", {"query": "likes", "as_of": first["version"]})

    assert len(now["items"]) == 2
    assert [item["content"] for item in then["items"]] == ["Ana likes tea."]


async def test_notes_are_shared_where_the_definition_says_so(api: Api):
    refused = await api("PUT", f"{MEMORY}/working/plan", {"value": "a"}, expect=409)
    assert "working_shared" in refused["detail"]
    await api("PUT", "/v1/agents/ana", {"model": "x:y", "memory": {"working_shared": True}})
    await api("PUT", f"{MEMORY}/working/plan", {"value": "a"})
    assert (await api("GET", f"{MEMORY}/working"))["data"] == [{"key": "plan", "value": "a"}]
    await api("DELETE", f"{MEMORY}/working/plan")
    assert (await api("GET", f"{MEMORY}/working"))["data"] == []


async def test_a_graph_is_built_asked_and_looked_at_in_the_past(api: Api):
    for name in "abc":
        await api("POST", f"{GRAPH}/entities", {"id": name, "label": "letter"}, expect=201)
    for ends in ("ab", "bc"):
        said = {"from": ends[0], "to": ends[1], "kind": "before"}
        made = await api("POST", f"{GRAPH}/relationships", said, expect=201)
    path = {"op": "shortest_path", "from": "a", "to": "c"}
    answered = await api("POST", f"{GRAPH}/query", path)
    assert answered["result"]["path"] == ["a", "b", "c"]
    assert answered["version"] == made["version"]

    said = {"from": "b", "to": "c", "kind": "before"}
    await api("DELETE", f"{GRAPH}/relationships", params=said)
    await api("DELETE", f"{GRAPH}/relationships", params=said, expect=404)
    old = await api("POST", f"{GRAPH}/query", {**path, "as_of": made["version"]})
    assert old["result"] == answered["result"]

    known = await api("GET", f"{GRAPH}/entities/a")
    assert [one["to"] for one in known["relationships"]] == ["b"]
    await api("PUT", f"{GRAPH}/entities/a", {"label": "vowel", "properties": {"n": 1}})
    assert (await api("GET", f"{GRAPH}/entities/a"))["properties"] == {"n": 1}
    vowels = await api("GET", f"{GRAPH}/entities", params={"labels": ["vowel"]})
    assert [one["id"] for one in vowels["data"]] == ["a"]
    await api("DELETE", f"{GRAPH}/entities/a")
    await api("GET", f"{GRAPH}/entities/a", expect=404)


async def test_lists_of_a_graph_come_in_parts(api: Api):
    for name in "abcde":
        await api("PUT", f"{GRAPH}/entities/{name}", {"label": "letter"})
    for name in "bcde":
        said = {"from": "a", "to": name, "kind": "k", "weight": 2.5}
        await api("PUT", f"{GRAPH}/relationships", said)
    entities = await api("GET", f"{GRAPH}/entities", params={"limit": 2})
    relationships = await api("GET", f"{GRAPH}/relationships", params={"limit": 3})
    ids = [one["id"] for one in await rest_of(api, f"{GRAPH}/entities", entities)]
    ends = [one["to"] for one in await rest_of(api, f"{GRAPH}/relationships", relationships)]
    assert (ids, ends) == (list("abcde"), list("bcde"))


async def test_what_a_graph_refuses_is_told_by_its_code(api: Api):
    await api("POST", f"{GRAPH}/entities", {"id": "a", "label": "x"}, expect=201)
    taken = await api("POST", f"{GRAPH}/entities", {"id": "a", "label": "x"}, expect=409)
    assert taken["code"] == "already_there"
    said = {"from": "a", "to": "nowhere", "kind": "k"}
    absent = await api("POST", f"{GRAPH}/relationships", said, expect=404)
    assert "nowhere" in absent["detail"]
    wrong = await api(
        "POST", f"{GRAPH}/query", {"op": "bfs", "start": "a", "max_depth": 0}, expect=422
    )
    assert [error["pointer"] for error in wrong["errors"]] == ["/max_depth"]
    none = await api("POST", f"{GRAPH}/query", {"op": "guess"}, expect=422)
    assert none["code"] == "invalid"


async def test_a_place_that_is_none_names_the_parameter(api: Api):
    wrong = await api("GET", f"{MEMORY}/facts", params={"as_of": "yesterday"}, expect=422)
    assert wrong["errors"][0]["parameter"] == "as_of"
    await api("GET", f"{MEMORY}/facts", params={"as_of": "7"}, expect=404)
    await api("GET", f"{MEMORY}/facts", params={"cursor": "garbage"}, expect=422)
    both = await api("GET", f"{MEMORY}/facts", params=[("limit", "1"), ("limit", "2")], expect=422)
    assert both["errors"][0]["parameter"] == "limit"


async def rest_of(api: Api, path: str, part: Any) -> list[Any]:
    """All that *part* begins."""
    data = part["data"]
    while part["next_cursor"] is not None:
        query = {"limit": 2, "cursor": part["next_cursor"]}
        part = await api("GET", path, params=query)
        data += part["data"]
    return list(data)


def quoted(key: str) -> str:
    return "".join(f"%{byte:02X}" for byte in key.encode())
