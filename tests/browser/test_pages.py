"""Every page with two apps running: its content, on any screen, with and without JavaScript."""

from collections.abc import Callable

import pytest

import support
from browser import Tab
from system import ORDERS, SHIPPING, Dashboard, System

PAGES = {
    "/": [ORDERS, SHIPPING, "running apps", "Who calls whom", "pubsub"],
    "/apps": [ORDERS, SHIPPING, "running", "embedded", "uvicorn orders:app"],
    f"/apps/{SHIPPING}": [SHIPPING, "statestore", "state.sqlite", "orders", "/events/pubsub/orders"],
    f"/apps/{ORDERS}/logs": ["order ", "app", "daprd"],
    "/components": ["statestore", "state.sqlite", "pubsub.sqlite", ORDERS, SHIPPING],
    "/components/statestore": ["state.sqlite", "kind: Component", ORDERS],
    "/configurations": ["daprConfig", "zipkin"],
    "/configurations/daprConfig": ["samplingRate", "kind: Configuration"],
    "/control-plane": ["Zipkin", "OTLP/HTTP", "received here"],
    "/traces": [ORDERS],
    "/metrics-view": [ORDERS, "Requests"],
    "/traces/received": ["Sent by apps"],
    "/jobs": ["nightly-report", "@daily", "report"],
    "/jobs/embedded/app%7C%7Cdefault%7C%7Cshop-orders%7C%7Cnightly-report": ["nightly-report", "@daily"],
    "/state": ["App", "Store", "statestore"],
    "/try": ["Call a method", "Publish an event", ORDERS],
}
WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def words(path: str) -> list[str]:
    return PAGES[path]


def reads(tab: Tab, path: str, limit: float = 10) -> None:
    """Waits until a page has all its words; values of fields count as well."""
    for word in words(path):
        tab.until(
            f"""(() => {{ const main = document.querySelector("main"); const fields = [...main.querySelectorAll("input, textarea")];
                return (main.innerText + fields.map((one) => one.value).join()).includes({word!r}); }})()""",
            f"{path} shows {word!r}", limit,
        )


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_real_content(tab: Tab, system: System, dashboard: Dashboard, path: str) -> None:
    tab.open(dashboard.url + path)
    reads(tab, path)
    assert tab.text("h1"), "a page has a heading"
    current = tab.ask("document.querySelector('nav [aria-current]')?.getAttribute('href')")
    assert current == ("/" if path == "/" else "/" + path.split("/")[1])
    assert tab.ask("document.title").endswith("Dapr Dashboard")


def test_the_menu_leads_to_every_page(tab: Tab, dashboard: Dashboard) -> None:
    tab.open(dashboard.url)
    places = tab.ask("[...document.querySelectorAll('.top nav a')].map((one) => one.getAttribute('href'))")
    assert set(places) == {path for path in PAGES if path.count("/") == 1}
    for place in places:
        tab.leads(lambda place=place: tab.click(f".top nav a[href='{place}']"))
        assert tab.ask("location.pathname") == place


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_shows_every_page_without_moving_sideways(tabs: Callable[..., Tab], dashboard: Dashboard, path: str) -> None:
    tab = tabs(width=360, height=740)
    tab.open(dashboard.url + path)
    reads(tab, path)
    widest = """[...document.querySelectorAll("main *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1
        && !one.parentElement.closest(".scroll, .graph, pre, .log, svg")).map((one) => one.outerHTML.slice(0, 120)).slice(0, 3)"""
    assert not tab.ask(WIDE), tab.ask(widest)


def test_a_phone_shows_traces_and_values(tabs: Callable[..., Tab], system: System, dashboard: Dashboard) -> None:
    """Pages whose address isn't known before."""
    system.orders.save("a-key-that-has-a-name-which-is-wider-than-a-phone" * 2, {"text": "wide" * 50})
    [trace, *_] = support.until(lambda: dashboard.api("/traces", search="publish")["traces"], "there is a trace")
    tab = tabs(width=360, height=740)
    keys = f"/state?app={ORDERS}&store=statestore"
    for path in [f"/traces/{trace['trace']}", keys, f"{keys}&key={'a-key-that-has-a-name-which-is-wider-than-a-phone' * 2}", f"/metrics-view?app={ORDERS}", "/nothing"]:
        tab.open(dashboard.url + path)
        assert tab.text("h1")
        tab.ask("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert not tab.ask(WIDE), path
    tab.excuses("404")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_can_be_read_without_javascript(tabs: Callable[..., Tab], dashboard: Dashboard, path: str) -> None:
    # Ours is switched off; the debugger's own is not.
    tab = tabs(script=False)
    tab.open(dashboard.url + path)
    reads(tab, path)
    assert tab.ask("document.getElementById('theme').hidden"), "our script has run"


def test_dark_and_light_follow_the_system_until_somebody_decides(tabs: Callable[..., Tab], dashboard: Dashboard) -> None:
    light = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every((part) => part > 128)"
    tab = tabs(dark=True).open(dashboard.url)
    assert not tab.ask(light)
    tab.look(1280, dark=False)
    assert tab.ask(light)
    tab.click("#theme")
    assert not tab.ask(light)
    # Kept for the next page.
    tab.leads(lambda: tab.click(".top nav a[href='/apps']"))
    assert not tab.ask(light)
    tab.press("t")
    assert tab.ask(light)


CONTRAST = """(() => {
  const parse = (text) => { const parts = text.match(/[\\d.]+/g).map(Number); return text.startsWith("color(srgb") ? [...parts.slice(0, 3).map((part) => part * 255), parts[3] ?? 1] : [...parts.slice(0, 3), parts[3] ?? 1]; };
  const luminance = (color) => { const [r, g, b] = color.map((part) => { part /= 255; return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (one) => { for (; one; one = one.parentElement) { const color = parse(getComputedStyle(one).backgroundColor); if (color[3] > 0.9) return color; } return [255, 255, 255, 1]; };
  const weak = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text; (text = texts.nextNode());) {
    const one = text.parentElement;
    if (!text.textContent.trim() || one.closest("svg, [hidden], script, .hidden, .skip, option, datalist") || !one.getClientRects().length) continue;
    const [a, b] = [luminance(parse(getComputedStyle(one).color).slice(0, 3)), luminance(ground(one).slice(0, 3))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) weak.push(`${ratio.toFixed(2)} ${text.textContent.trim().slice(0, 40)}`);
  }
  return weak;
})()"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_stands_out_from_its_ground(tabs: Callable[..., Tab], dashboard: Dashboard, dark: bool) -> None:
    """The ratio that the guidelines for accessibility ask for small text."""
    tab = tabs(dark=dark)
    for path in PAGES:
        tab.open(dashboard.url + path)
        reads(tab, path)
        assert tab.ask(CONTRAST) == [], path


def test_everything_has_a_name_for_those_who_cannot_see_it(tab: Tab, dashboard: Dashboard) -> None:
    for path in PAGES:
        tab.open(dashboard.url + path)
        reads(tab, path)
        nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
        roles = {"button", "link", "textbox", "searchbox", "combobox", "checkbox", "image", "table"} - {"table"}
        bare = [
            node["role"]["value"] for node in nodes
            if not node["ignored"] and node.get("role", {}).get("value") in roles and not node.get("name", {}).get("value")
        ]
        assert bare == [], path
