"""The rules by which Home Assistant, HACS and the Marketplace accept an integration."""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
import re
import struct
from typing import Any

import pytest
import yaml

import opsmonitor

ROOT = Path(__file__).parents[1]
INTEGRATION = ROOT / "custom_components" / "ops_monitor"
SOURCES = {path: path.read_text() for path in sorted(INTEGRATION.rglob("*.py"))}
LANGUAGES = ("en", "de")
MANIFEST_KEYS = {
    "after_dependencies",
    "codeowners",
    "config_flow",
    "dependencies",
    "documentation",
    "domain",
    "integration_type",
    "iot_class",
    "issue_tracker",
    "loggers",
    "name",
    "quality_scale",
    "requirements",
    "version",
    "zeroconf",
}
# Entity platforms and diagnostics are there without being a dependency.
ALWAYS_THERE = {
    "binary_sensor",
    "button",
    "calendar",
    "diagnostics",
    "event",
    "notify",
    "repairs",
    "sensor",
    "switch",
    "system_health",
    "update",
}
PLATFORMS = (
    *("binary_sensor", "button", "calendar", "event", "notify", "sensor", "switch"),
    "update",
)
OF_READINGS = {
    "binary_sensor": {"health", "value"},
    "update": {"firmware"},
    "sensor": {"last_read", "value", "reading_status", "uptime_24h", "uptime_7d", "uptime_30d"},
}
OF_VALUES = "read_"
"""So the keys begin of what is polled; a test beside the daemon's code holds them to it."""
NAMED_BY_DEVICE_CLASS = {"connected", "health", "problem"}


def load(path: Path) -> Any:
    """Return a JSON file."""
    return json.loads(path.read_text())


def translation(language: str) -> dict[str, str]:
    """Return the texts of a language by their dotted keys."""
    return dict(flatten(load(INTEGRATION / "translations" / f"{language}.json")))


def flatten(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted key and the value of each leaf."""
    if not isinstance(value, dict):
        yield path, value
        return
    for key, inner in value.items():
        yield from flatten(inner, f"{path}.{key}" if path else key)


def keys_in(platform: str) -> set[str]:
    """Return the translation keys that a platform's modules use."""
    kinds = ("check", "hub", "past")
    own = {f"{platform}.py", *(f"{kind}_{platform}s.py" for kind in kinds)}
    source = "".join(SOURCES[path] for path in SOURCES if path.name in own)
    return set(re.findall(r'(?:translation_key=|_count\(\s*)"(\w+)"', source))


MANIFEST = load(INTEGRATION / "manifest.json")


def test_one_integration() -> None:
    """HACS takes the first folder, so there is one, named like its domain."""
    folders = [path.name for path in INTEGRATION.parent.iterdir() if path.is_dir()]

    assert [name for name in folders if name != "__pycache__"] == [MANIFEST["domain"]]


def test_manifest_keys() -> None:
    """The manifest has known keys only: domain, name, then the rest by the alphabet."""
    keys = list(MANIFEST)

    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    assert set(keys) <= MANIFEST_KEYS
    assert {"codeowners", "documentation", "issue_tracker", "name", "version"} <= set(keys)


def test_manifest_values() -> None:
    """The manifest says what the integration is; it needs nothing that is not there already."""
    assert MANIFEST["config_flow"] is True
    assert MANIFEST["iot_class"] == "local_push"
    assert MANIFEST["integration_type"] == "hub"
    assert MANIFEST["requirements"] == []
    assert MANIFEST["documentation"].startswith("https://")
    assert "home-assistant.io" not in MANIFEST["documentation"]
    assert MANIFEST["documentation"].endswith("docs/home-assistant.md")
    assert all(owner.startswith("@") for owner in MANIFEST["codeowners"])


def test_one_version() -> None:
    """Daemon and integration are released together."""
    assert MANIFEST["version"] == opsmonitor.__version__


def test_hacs_file() -> None:
    """HACS and the Marketplace understand hacs.json; no release needs an archive of its own."""
    hacs = load(ROOT / "hacs.json")

    assert hacs["name"] == MANIFEST["name"]
    assert re.fullmatch(r"\d{4}\.\d+\.\d+", hacs["homeassistant"])
    assert set(hacs) <= {"name", "homeassistant", "hacs", "hide_default_branch", "render_readme"}


@pytest.mark.parametrize("attributes", ["custom_components", "hacs.json"])
def test_archives_are_complete(attributes: str) -> None:
    """What HACS and the Marketplace read is in the archives that git makes."""
    path = ROOT / ".gitattributes"
    lines = path.read_text().splitlines() if path.exists() else []

    assert [line for line in lines if attributes in line and "export-ignore" in line] == []


def test_dependencies_are_declared() -> None:
    """Each part of Home Assistant that is imported is declared or always there."""
    found = re.findall(r"homeassistant\.components\.(\w+)", "".join(SOURCES.values()))
    declared = {*MANIFEST.get("dependencies", []), *MANIFEST.get("after_dependencies", [])}

    assert set(found) - declared <= ALWAYS_THERE


@pytest.mark.parametrize(("name", "size"), [("icon.png", 256), ("icon@2x.png", 512)])
def test_brand_icons(name: str, size: int) -> None:
    """The icons are square PNGs of the sizes asked for, with transparency."""
    content = (INTEGRATION / "brand" / name).read_bytes()
    signature, width, height, _depth, colour = struct.unpack(">8s8xIIBB", content[:26])

    assert signature == b"\x89PNG\r\n\x1a\n"
    assert (width, height, colour) == (size, size, 6)


def test_languages_are_complete() -> None:
    """Each language has the same texts, and custom integrations have no strings.json."""
    english, german = (translation(language) for language in LANGUAGES)

    assert english.keys() == german.keys()
    assert not (INTEGRATION / "strings.json").exists()


@pytest.mark.parametrize("key", translation("en"))
def test_placeholders_agree(key: str) -> None:
    """A text fills in the same values in each language."""
    english, german = (re.findall(r"\{\w+\}", translation(language)[key]) for language in LANGUAGES)

    assert sorted(english) == sorted(german)


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_of_menus_fill_in_nothing(language: str) -> None:
    """The page of Home Assistant gives the title of a flow's menu no values, and shows an error.

    Seen in its frontend of 2026.11; forms, descriptions and repairs get theirs.
    """
    steps = load(INTEGRATION / "translations" / f"{language}.json")["config"]["step"]
    menus = {name: step["title"] for name, step in steps.items() if "menu_options" in step}

    assert menus
    assert [name for name, title in menus.items() if "{" in title] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_plain(language: str) -> None:
    """Texts are neither empty nor references, and have no HTML."""
    texts = translation(language)

    assert [key for key, text in texts.items() if not text.strip()] == []
    assert [key for key, text in texts.items() if "[%key" in text or "<" in text] == []


@pytest.mark.parametrize(
    "platform",
    ["binary_sensor", "button", "calendar", "event", "notify", "sensor", "switch", "update"],
)
def test_entities_are_translated(platform: str) -> None:
    """Each entity has its name, and no name is without an entity."""
    texts = load(INTEGRATION / "translations" / "en.json")["entity"][platform]
    names = {key for key in texts if not key.startswith(OF_VALUES)}

    assert names == keys_in(platform) | OF_READINGS.get(platform, set())


@pytest.mark.parametrize(
    "platform",
    ["binary_sensor", "button", "calendar", "event", "notify", "sensor", "switch", "update"],
)
def test_entities_have_icons(platform: str) -> None:
    """Each entity has an icon, of its own or of its device class."""
    icons = load(INTEGRATION / "icons.json")["entity"][platform]
    names = {key for key in icons if not key.startswith(OF_VALUES)}

    own = keys_in(platform) | OF_READINGS.get(platform, set())
    assert names == own - NAMED_BY_DEVICE_CLASS


def test_icons_are_known_ones() -> None:
    """Icons are Material Design Icons."""
    icons = dict(flatten(load(INTEGRATION / "icons.json")))

    assert [key for key, icon in icons.items() if not icon.startswith("mdi:")] == []


def test_errors_are_translated() -> None:
    """Each error of the client has its text in the form and in the log."""
    source = SOURCES[INTEGRATION / "client" / "exceptions.py"]
    keys = set(re.findall(r'^    key(?:: ClassVar\[str\])? = "(\w+)"', source, re.MULTILINE))
    texts = load(INTEGRATION / "translations" / "en.json")

    assert texts["exceptions"].keys() >= keys
    # The form cannot meet another daemon than the expected one: it expects none, or aborts.
    own = {"invalid_url", "too_many_codes", "unknown", "wrong_code"}
    assert texts["config"]["error"].keys() == keys - {"wrong_instance"} | own


def actions() -> dict[str, Any]:
    """Return the actions as `services.yaml` describes them."""
    content: dict[str, Any] = yaml.safe_load((INTEGRATION / "services.yaml").read_text())
    return content


def test_actions_are_described() -> None:
    """Each action that is registered is described, and none that is not."""
    source = SOURCES[INTEGRATION / "services.py"]
    registered = re.findall(r'^    "(\w+)": Action\(', source, re.MULTILINE)

    assert set(actions()) == set(registered)


@pytest.mark.parametrize("name", actions())
def test_actions_are_translated(name: str) -> None:
    """Each action and each of its fields has a name and an explanation, and each action an icon."""
    texts = load(INTEGRATION / "translations" / "en.json")["services"][name]

    assert texts["fields"].keys() == actions()[name]["fields"].keys()
    for text in [texts, *texts["fields"].values()]:
        assert text["name"]
        assert text["description"]
    assert load(INTEGRATION / "icons.json")["services"][name]["service"]


@pytest.mark.parametrize("name", actions())
def test_actions_are_documented(name: str) -> None:
    """The documentation has each action."""
    assert f"| `ops_monitor.{name}` |" in (ROOT / "docs" / "home-assistant.md").read_text()


def test_exceptions_are_translated() -> None:
    """Each text of an exception is there, and is used."""
    used = {
        key
        for path, source in SOURCES.items()
        if path.parent == INTEGRATION
        for key in re.findall(r'translation_key="(\w+)"', source)
        if path.stem in {"targets", "asking", "service_answers"}
    }
    texts = load(INTEGRATION / "translations" / "en.json")["exceptions"].keys()

    assert used <= texts


def test_form_fields_are_explained() -> None:
    """Each field of each form has a name and a description."""
    steps = load(INTEGRATION / "translations" / "en.json")["config"]["step"]
    forms = [
        *steps.values(),
        *(step["sections"]["advanced"] for step in steps.values() if "sections" in step),
    ]

    assert all(
        form.get("data", {}).keys() == form.get("data_description", {}).keys() for form in forms
    )


QUALITY = yaml.safe_load((INTEGRATION / "quality_scale.yaml").read_text())["rules"]


def test_quality_scale() -> None:
    """All rules of the quality scale are kept, as the manifest claims; none is exempt."""
    statuses = {rule if isinstance(rule, str) else rule["status"] for rule in QUALITY.values()}

    assert len(QUALITY) == 54
    assert statuses == {"done"}
    assert MANIFEST["quality_scale"] == "platinum"


def proofs_of(rule: str) -> list[str]:
    """Return where the documentation says that a rule is proven."""
    document = (ROOT / "docs" / "quality-scale.md").read_text()
    [row] = re.findall(rf"^\| {rule} \| .* \| (.*) \|$", document, re.MULTILINE)
    return re.findall(r"`([^`]+)`", row)


def anchors_of(document: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", document, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("rule", QUALITY)
def test_quality_scale_is_proven(rule: str) -> None:
    """What the documentation names as the proof of a rule is there."""
    proofs = proofs_of(rule)

    assert proofs
    for proof in proofs:
        path, _, name = re.sub("::|#", "@", proof).partition("@")
        content = (ROOT / path).read_text()
        if "#" in proof:
            assert name in anchors_of(content), proof
        elif name:
            assert re.search(rf"def {name}\(", content), proof


def test_platforms_limit_their_updates() -> None:
    """Each platform says how many of its entities may ask the daemon at once."""
    platforms = re.findall(r"Platform\.(\w+)", SOURCES[INTEGRATION / "__init__.py"])
    modules = [SOURCES[INTEGRATION / f"{platform.lower()}.py"] for platform in platforms]

    assert modules
    assert all(re.search(r"^PARALLEL_UPDATES = [01]$", module, re.MULTILINE) for module in modules)


@pytest.mark.parametrize("kind", ["triggers", "conditions"])
def test_automations_are_documented(kind: str) -> None:
    """Each trigger and condition has its texts, its icon, and its row in the documentation."""
    described = yaml.safe_load((INTEGRATION / f"{kind}.yaml").read_text())
    own = {name: value for name, value in described.items() if not name.startswith(".")}
    texts = load(INTEGRATION / "translations" / "en.json")[kind]
    document = (ROOT / "docs" / "home-assistant.md").read_text()

    assert texts.keys() == own.keys()
    assert load(INTEGRATION / "icons.json")[kind].keys() == own.keys()
    for name, value in own.items():
        assert texts[name]["name"]
        assert texts[name]["description"]
        assert texts[name].get("fields", {}).keys() == (value or {}).get("fields", {}).keys()
        assert f"| `ops_monitor.{name}` |" in document


def test_issues_are_translated() -> None:
    """Each repair issue has a title, and says what to do: by itself or while it is mended."""
    issues = load(INTEGRATION / "translations" / "en.json")["issues"]

    assert issues
    for issue in issues.values():
        assert issue["title"]
        assert ("description" in issue) != ("fix_flow" in issue)


def test_texts_have_proper_keys() -> None:
    """Home Assistant reads texts by keys of small letters, in the parts that it knows."""
    known = {
        "title",
        "config",
        "options",
        "entity",
        "exceptions",
        "issues",
        "services",
        "selector",
        "system_health",
        "triggers",
        "conditions",
    }
    keys = {part for key in translation("en") for part in key.split(".")}

    assert load(INTEGRATION / "translations" / "en.json").keys() <= known
    assert [key for key in keys if not re.fullmatch(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?", key)] == []


def test_every_entity_is_documented() -> None:
    """The documentation names each entity as the user interface does."""
    document = (ROOT / "docs" / "home-assistant.md").read_text()
    names = [
        text
        for key, text in translation("en").items()
        if re.fullmatch(r"entity\.\w+\.(?!read_)\w+\.name", key) and text != "{name}"
    ]

    assert [name for name in names if f"| {name} |" not in document] == []


@pytest.mark.parametrize("error", load(INTEGRATION / "translations" / "en.json")["config"]["error"])
def test_every_error_is_documented(error: str) -> None:
    """Whoever gets an error in the form finds its text in the documentation's trouble-shooting."""
    beginning = re.split(r"[.;:]", translation("en")[f"config.error.{error}"])[0]
    document = (ROOT / "docs" / "home-assistant.md").read_text()

    assert f"| {beginning} |" in document


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if path.parent.name == "client"], ids=lambda path: path.stem
)
def test_client_stands_alone(path: Path) -> None:
    """The client could be a package of its own: it imports nothing of Home Assistant."""
    assert (
        re.findall(r"^\s*(?:from|import) (?:homeassistant|probatio)", SOURCES[path], re.MULTILINE)
        == []
    )
