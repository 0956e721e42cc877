"""The open data API: what it gives is what it describes, page by page, to any site, and never anything personal."""

from typing import Any

import orjson
import pytest

from bot.app import Parts
from bot.open_data_schema import description
from policy.codes import PositionKind
from storage import bundle_publishing, bundles
from storage.database import Connection
from tests.storage.public_rows import GUANGZHOU, NOW, SHENZHEN, TODAY, host, mentor, position
from tests.talking import Client, error_in

DATA = ("/api/positions", "/api/hosts", "/api/bundles")
SECRET = "13800138000"


@pytest.fixture
def published(parts: Parts) -> None:
    """Two hosts, 25 positions, a bundle of each of three months."""

    def work(connection: Connection) -> None:
        owner = host(connection, contact_phone_sealed=parts.sealer.seal(SECRET, b"host.contact_phone_sealed"))
        host(connection, 2, city=SHENZHEN, district=None)
        guide = mentor(connection, owner)
        for n in range(25):
            position(connection, owner, f"第{n:02d}号岗位", mentor_id=guide, demonstrative=n == 7)
        act: dict[str, Any] = {"actor": "cli:clerk", "now": NOW, "today": TODAY}
        for month in ("2026-09", "2026-10", "2026-11"):
            bundles.propose(connection, GUANGZHOU, month, **act)
            bundle_publishing.publish(connection, GUANGZHOU, month, link="https://x.example", **act)

    parts.database.write_sync(work)


async def get(client: Client, path: str, status: int = 200) -> dict[str, Any]:
    async with client.get(path) as response:
        assert response.status == status
        assert response.content_type == "application/json"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        found: dict[str, Any] = await response.json()
        return found


def fits(value: object, schema: dict[str, Any], schemas: dict[str, Any]) -> bool:
    """Whether a value is what its schema says: the parts of JSON Schema that we use."""
    if "$ref" in schema:
        return fits(value, schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    names = {
        str: "string",
        bool: "boolean",
        int: "integer",
        list: "array",
        dict: "object",
        type(None): "null",
    }
    if names[type(value)] not in kinds:
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, dict):
        return set(value) == set(schema["required"]) and all(
            fits(value[name], part, schemas) for name, part in schema["properties"].items()
        )
    return not isinstance(value, list) or all(fits(item, schema["items"], schemas) for item in value)


@pytest.mark.parametrize("path", DATA)
async def test_every_answer_is_as_it_is_described(client: Client, published: None, path: str) -> None:
    told = await get(client, "/api/openapi.json")
    page = told["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    found = await get(client, path)
    assert found["items"]
    assert fits(found, page, told["components"]["schemas"])


async def test_the_description_names_every_address_and_where_it_is_served(client: Client) -> None:
    told = await get(client, "/api/openapi.json")
    assert told["openapi"] == "3.1.0"
    assert tuple(told["paths"]) == DATA
    assert told["servers"] == [{"url": str(client.make_url("")).rstrip("/")}]
    references = set(orjson.dumps(told).decode().split('"$ref":"#/components/schemas/')[1:])
    assert {part.split('"')[0] for part in references} <= set(told["components"]["schemas"])


async def test_a_position_in_json(client: Client, published: None) -> None:
    found = await get(client, "/api/positions?limit=1")
    [only] = found["items"]
    assert only == {
        "id": 25,
        "title": "第24号岗位",
        "kind": "3",
        "kind_name": "管理类",
        "city": "440100",
        "place": "广州市天河区",
        "district": "440106",
        "host_id": 1,
        "host_name": "第1机电有限公司",
        "host_kind": "small_medium",
        "openings": 2,
        "openings_left": 2,
        "education": "31",
        "majors": ["会计"],
        "monthly_stipend_fen": 250_000,
        "months": 6,
        "description": "协助整理凭证、核对账目。",
        "demonstrative": False,
        "closes_on": None,
        "published_on": "2026-11-24",
        "demo": False,
    }


async def test_a_bundle_in_json_with_its_positions_and_link(client: Client, published: None) -> None:
    found = await get(client, "/api/bundles?limit=1")
    [only] = found["items"]
    assert (only["month"], only["city_name"], only["link"]) == ("2026-11", "广州市", "https://x.example")
    assert only["page"].endswith("/bundles/2026-11/440100")
    assert only["published_at"].startswith("2026-11-24T04:00:00")
    assert [item["recruiting"] for item in only["positions"]] == [True]


@pytest.mark.parametrize(
    ("path", "key", "total"), [(DATA[0], "id", 25), (DATA[1], "id", 2), (DATA[2], "month", 3)]
)
async def test_pages_follow_each_other_without_gap_or_repeat(
    client: Client, published: None, path: str, key: str, total: int
) -> None:
    whole = [item[key] for item in (await get(client, f"{path}?limit=50"))["items"]]
    assert len(whole) == total
    for limit in (1, total - 1, total):
        seen: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await get(client, f"{path}?limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
            seen += [item[key] for item in page["items"]]
            cursor = page["next"]
        assert seen == whole


@pytest.mark.parametrize("path", [*DATA, "/api/openapi.json"])
async def test_who_has_it_already_gets_304(client: Client, published: None, path: str) -> None:
    async with client.get(path) as first:
        tag = first.headers["ETag"]
        assert first.headers["Cache-Control"] == "public, max-age=60"
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        async with client.get(path, headers={"If-None-Match": known}) as same:
            assert (same.status, await same.read()) == (304, b"")
            assert same.headers["Access-Control-Allow-Origin"] == "*"


async def test_the_etag_changes_with_the_data(client: Client, published: None, parts: Parts) -> None:
    async with client.get("/api/positions") as before:
        tag = before.headers["ETag"]
    parts.database.write_sync(lambda connection: position(connection, 1, "新岗位"))
    async with client.get("/api/positions", headers={"If-None-Match": tag}) as after:
        assert after.status == 200
        assert (await after.json())["items"][0]["title"] == "新岗位"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("city=440100", 20),
        ("city=440300", 0),
        (f"kind={PositionKind.RESEARCH}", 0),
        ("education=81", 0),
        ("words=07号", 1),
        ("demonstrative=true", 2),  # one marked by a clerk, one by its bundles
        ("demonstrative=false&limit=50", 23),
    ],
)
async def test_positions_are_narrowed(client: Client, published: None, query: str, count: int) -> None:
    found = await get(client, f"/api/positions?{query}")
    assert len(found["items"]) == count


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("city=广州", "bad_parameter"),
        ("kind=5", "bad_parameter"),
        ("education=大专", "bad_parameter"),
        ("demonstrative=yes", "bad_parameter"),
        ("limit=0", "bad_parameter"),
        ("limit=51", "bad_parameter"),
        ("limit=-1", "bad_parameter"),
        ("cursor=abc", "bad_cursor"),
        ("cursor=", "bad_cursor"),
        ("words=" + "长" * 61, "bad_parameter"),
        ("ctiy=440100", "unknown_parameter"),
    ],
)
async def test_what_cannot_be_answered_says_why(client: Client, query: str, code: str) -> None:
    said = error_in(await get(client, f"/api/positions?{query}", 400))
    assert said["code"] == code


async def test_nothing_personal_is_in_any_of_it(client: Client, published: None) -> None:
    for path in DATA:
        text = orjson.dumps(await get(client, path)).decode()
        assert SECRET not in text
        assert "contact" not in text
        assert "mentor" not in text


async def test_other_methods_are_refused(client: Client) -> None:
    async with client.post("/api/positions", json={}) as response:
        assert response.status == 405
        assert error_in(await response.json())["code"] == "method_not_allowed"


def test_every_field_says_what_it_means() -> None:
    for name, schema in description("https://x.example")["components"]["schemas"].items():
        if name != "Error":
            assert all(part["description"] for part in schema["properties"].values())
