"""What is hidden in text for people, and what is left."""

import time

import pytest

from opsmonitor.util.redact import hide_known, is_secret_name, redact_text, redact_url

HIDDEN = "**********"


@pytest.mark.parametrize(
    "name",
    [
        *("token", "read_token", "Authorization", "X-Api-Key", "apikey", "HASS_KEY", "key", "pin"),
        *(
            "SMTP_PASS",
            "authkey",
            "TS_AUTH_KEY",
            "requirepass",
            "wpa-psk",
            "passout",
            "password",
            "Passwd",
            "client_secret",
            "Cookie",
            "AGENT_TOKEN_PEPPER",
            "sig",
            "SLACK_WEBHOOK_URL",
        ),
    ],
)
def test_names_of_secrets_are_known(name: str) -> None:
    """Keys, headers and variables that usually hold a secret are recognised."""
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("name", "keyboard", "monkey", "bypass", "passthrough", "author", "notify", "host", "url"),
        *("token_file", "OPSMONITOR_TOKEN_FILE", "key_path", "token_url", "Accept"),
    ],
)
def test_other_names_are_left_alone(name: str) -> None:
    """A name that only contains such a word, or that says where a secret lies, is none."""
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("http://me:pw@h/x", f"http://{HIDDEN}@h/x"),
        ("http://me@h/x", f"http://{HIDDEN}@h/x"),
        ("http://me:p@w@h/x", f"http://{HIDDEN}@h/x"),
        ("see http://a:b@h and ftp://c:d@i", f"see http://{HIDDEN}@h and ftp://{HIDDEN}@i"),
        ("http://h/?page=2&token=abc&x=1#t", f"http://h/?page=2&token={HIDDEN}&x=1#t"),
        ("http://h/?API_KEY=a%20b", f"http://h/?API_KEY={HIDDEN}"),
        ("http://h/push/opm_p_abc-DEF", f"http://h/push/{HIDDEN}"),
        ("https://api.example/bot12345:AAbb-c/send", f"https://api.example/bot{HIDDEN}/send"),
        ("http://h/@me?q=a@b", "http://h/@me?q=a@b"),
        ("me@example.org", "me@example.org"),
    ],
)
def test_urls_keep_all_but_their_secrets(text: str, redacted: str) -> None:
    """User names, passwords and token-like parameters go; the rest of a URL stays."""
    assert redact_url(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Authorization: Bearer abc.def", f"Authorization: {HIDDEN}"),
        ("sent Bearer abc.def to h", f"sent Bearer {HIDDEN} to h"),
        ("password=abc, port=1", f"password={HIDDEN}, port=1"),
        ('{"password": "a b", "x": 1}', f'{{"password": {HIDDEN}, "x": 1}}'),
        ("tokens: [abc, def]", f"tokens: {HIDDEN}"),
        ("X-Api-Key: 'a b' c", f"X-Api-Key: {HIDDEN} c"),
        ("token: ${TOKEN}", "token: ${TOKEN}"),
        ("token: !secret nas", "token: !secret nas"),
        ("connection refused by 127.0.0.1 port 81", "connection refused by 127.0.0.1 port 81"),
    ],
)
def test_text_keeps_all_but_what_looks_like_a_secret(text: str, redacted: str) -> None:
    """Values after names of secrets go; references to variables and other text stay."""
    assert redact_text(text) == redacted


def test_known_secrets_go_wherever_they_are() -> None:
    """A secret value that is known is hidden everywhere, a longer one before its parts."""
    assert redact_text("abcdef-abc-x", ["abc", "abcdef", ""]) == f"{HIDDEN}-{HIDDEN}-x"


@pytest.mark.parametrize("unit", ["a", "a:", "token=", "://", "http://a@", "?a=", "'\"", "key-"])
def test_long_text_takes_no_long_time(unit: str) -> None:
    """Hostile text of 20 kB is redacted in well under a second of this process's time."""
    text = unit * (20_000 // len(unit))

    started = time.process_time()
    redact_text(text)

    assert time.process_time() - started < 1


def test_known_secrets_are_hidden_at_any_depth() -> None:
    """Texts within lists and mappings lose known secrets, shortened ones too; the rest stays."""
    long = "x" * 100
    value = {"a": ["my abc", 1, None], "b": {"c": ("abc", True)}, "d": f"{long[:79]}…"}

    assert hide_known(value, {"abc", long}) == {
        "a": [f"my {HIDDEN}", 1, None],
        "b": {"c": (HIDDEN, True)},
        "d": f"{HIDDEN}{'x' * 19}…",
    }
