"""What can be done, clicked by somebody: stopping, restarting, calling, publishing, changing state. And what comes by itself."""

import time
from collections.abc import Callable

import httpx
import pytest

import support
from browser import Browser, Tab
from system import ORDERS, SHIPPING, Dashboard, System

SCRIPT = "<script>document.title = 'broken in'</script><img src=x onerror=\"document.title = 'broken in'\">"
# Seconds: a page has its content, a line that was written is on the page.
CONTENT, LINE = 2.0, 0.3


def test_a_method_is_called_and_its_answer_shown(tab: Tab, dashboard: Dashboard) -> None:
    tab.open(f"{dashboard.url}/try")
    tab.choose("form[action='/try/invoke'] [name=app]", ORDERS)
    tab.choose("form[action='/try/invoke'] [name=verb]", "POST")
    tab.fill("form[action='/try/invoke'] [name=method]", "orders")
    tab.fill("form[action='/try/invoke'] [name=data]", '{"item": "lamp", "quantity": 3}')
    tab.click("form[action='/try/invoke'] button.primary")
    tab.shows('"item":"lamp"', "#answer")
    tab.shows("answered with status 201", "#notes")
    # What isn't there is said, too.
    tab.choose("form[action='/try/invoke'] [name=verb]", "GET")
    tab.fill("form[action='/try/invoke'] [name=method]", "nothing/here")
    tab.click("form[action='/try/invoke'] button.primary")
    tab.shows("answered with status 404", "#notes")


def test_an_event_is_published_and_arrives(tab: Tab, system: System, dashboard: Dashboard) -> None:
    tab.open(f"{dashboard.url}/try")
    tab.choose("form[action='/try/publish'] [name=app]", ORDERS)
    tab.fill("form[action='/try/publish'] [name=pubsub]", "pubsub")
    tab.fill("form[action='/try/publish'] [name=topic]", "orders")
    tab.fill("form[action='/try/publish'] textarea", '{"id": "by-hand", "item": "pen"}')
    tab.click("form[action='/try/publish'] button.primary")
    tab.shows("was published to orders", "#notes")
    support.until(lambda: "by-hand" in system.shipping.invoke("GET", "shipped").text, "the event arrives")


def test_a_value_is_read_changed_and_deleted(tab: Tab, system: System, dashboard: Dashboard) -> None:
    system.orders.save("browser", {"n": 1})
    tab.open(f"{dashboard.url}/state?app={ORDERS}&store=statestore&key=browser")
    tab.until("document.querySelector('textarea[name=value]')?.value.replace(/\\s/g, '') === '{\"n\":1}'", "the value is shown")
    tab.fill("textarea[name=value]", '{"n": 2}')
    tab.click("form[action='/state/set'] button.primary")
    tab.shows("browser was written", "#notes")
    assert system.orders.state("browser") == {"n": 2}
    # Somebody else was quicker: nothing is overwritten.
    tab.open(f"{dashboard.url}/state?app={ORDERS}&store=statestore&key=browser")
    system.orders.save("browser", {"n": 3})
    tab.fill("textarea[name=value]", '{"n": 4}')
    tab.click("form[action='/state/set'] button.primary")
    tab.shows("somebody else has, since it was shown", "#notes .failed")
    assert system.orders.state("browser") == {"n": 3}
    tab.excuses("409")
    tab.click("form[action='/state/delete'] button")
    tab.shows("browser was deleted", "#notes")
    assert tab.dialogs == [f"Delete browser of {ORDERS}?"]
    assert system.orders.state("browser") is None


def test_a_job_is_run_at_once_and_deleted(tab: Tab, system: System, dashboard: Dashboard) -> None:
    system.job("to-be-deleted", "@monthly")
    tab.open(f"{dashboard.url}/jobs").shows("to-be-deleted")
    form = "form[action*='to%2Dbe%2Ddeleted/{}'] button"
    tab.click(form.format("trigger"))
    # The example has no handler for it, and that is said.
    tab.shows("to-be-deleted", "#notes")
    tab.click(form.format("delete"))
    tab.until("!document.querySelector('#jobs').innerText.includes('to-be-deleted')", "the row is gone")
    assert len(tab.dialogs) == 1
    assert system.orders.request("GET", "/v1.0/jobs/to-be-deleted").is_error
    tab.excuses("502")


def test_a_log_line_appears_by_itself_and_at_once(tab: Tab, system: System, dashboard: Dashboard) -> None:
    tab.open(f"{dashboard.url}/apps/{ORDERS}/logs")
    # The page comes with lines; those of the stream, which have times, take their place.
    tab.until("document.querySelectorAll('#log li[title]').length > 3", "the lines of the stream are there")
    loads, worst = tab.loads, []
    watch = """window.seen = null; new MutationObserver(() => {
        if (!window.seen && document.getElementById("log").textContent.includes(%r)) window.seen = Date.now(); })
        .observe(document.getElementById("log"), { childList: true })"""
    for number in range(5):
        item = f"quick-{number}"
        tab.ask(watch % f"2 x {item}" + "; 0")
        answer = system.orders.invoke("POST", "orders", json={"item": item, "quantity": 2})
        written = time.time()
        assert answer.status_code == 201
        worst.append(tab.until("window.seen", f"the line of {item}") / 1000 - written)
    assert tab.loads == loads
    assert sorted(worst)[len(worst) // 2] < LINE, worst


def test_logs_are_searched_and_filtered(tab: Tab, system: System, dashboard: Dashboard) -> None:
    system.order("needle")
    tab.open(f"{dashboard.url}/apps/{ORDERS}/logs")
    tab.press("/")
    assert tab.ask("document.activeElement.name") == "search"
    tab.browser.call("Input.insertText", tab, text="x NEEDLE")
    tab.until("(() => { const all = [...document.querySelectorAll('#log li')]; return all.length && all.every((one) => one.textContent.includes('needle')); })()", "only the needle is shown")
    tab.fill("[name=search]", "")
    tab.choose("[name=source]", "daprd")
    tab.until("(() => { const all = [...document.querySelectorAll('#log li i')]; return all.length && all.every((one) => one.textContent === 'daprd'); })()", "only the sidecar's lines are shown")
    assert "source=daprd" in tab.ask("location.search")


def test_what_others_say_stays_text(tab: Tab, system: System, dashboard: Dashboard) -> None:
    """A log line, the name of a span and its tags, an app that only spans know of, the name of a component."""
    system.order(f"evil {SCRIPT}")
    now = time.time_ns() // 1000
    span = {
        "traceId": "feed" * 8, "id": "feed" * 4, "kind": "CLIENT", "name": f"evil {SCRIPT}", "timestamp": now, "duration": 900,
        "localEndpoint": {"serviceName": f"app {SCRIPT}"}, "tags": {f"tag {SCRIPT}": f"value {SCRIPT}", "error": f"error {SCRIPT}"},
    }
    child = span | {"id": "beef" * 4, "parentId": span["id"], "kind": "SERVER", "localEndpoint": {"serviceName": f"callee {SCRIPT}"}}
    told = httpx.post(f"http://localhost:{dashboard.receives('Zipkin')}/api/v2/spans", json=[span, child], trust_env=False)
    assert told.status_code == 202
    component = system.machine.home / ".dapr" / "components" / "evil.yaml"
    component.write_text(
        f"apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: '{SCRIPT.replace(chr(39), chr(39) * 2)}'\n"
        "spec:\n  type: state.in-memory\n  version: v1\nscopes: [nobody]\n"
    )
    try:
        support.until(lambda: dashboard.api("/traces", search="evil")["traces"], "the span is kept")
        for path, text in {
            f"/apps/{ORDERS}/logs?search=evil": f"evil {SCRIPT}",
            "/traces?search=evil": f"evil {SCRIPT}",
            f"/traces/{'feed' * 8}": f"evil {SCRIPT}",
            "/components": SCRIPT,
        }.items():
            tab.open(dashboard.url + path)
            # With everything unfolded.
            tab.ask("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            tab.shows(text)
            assert "broken in" not in tab.ask("document.title"), path
            assert tab.ask("document.querySelectorAll('main script, main img').length") == 0, path
        tab.open(dashboard.url)
        tab.until(f"document.querySelector('.graph').textContent.includes('app <script')", "the map has the app")
        assert "broken in" not in tab.ask("document.title")
    finally:
        component.unlink()


def test_the_map_shows_who_calls_whom(tab: Tab, system: System, dashboard: Dashboard) -> None:
    system.order("map")
    tab.open(dashboard.url)
    expected = [f"{ORDERS} → {SHIPPING}", f"{ORDERS} → pubsub", f"{ORDERS} → statestore", f"{SHIPPING} → statestore"]
    tab.until(
        f"(() => {{ const titles = [...document.querySelectorAll('.graph g title')].map((one) => one.textContent); "
        f"return {expected!r}.every((text) => titles.some((title) => title.startsWith(text))); }})()", "all lines are there",
    )
    names = tab.ask("[...document.querySelectorAll('.graph .name')].map((one) => one.textContent)")
    assert {ORDERS, SHIPPING, "pubsub", "statestore"} <= set(names)
    tab.leads(lambda: tab.click(f".graph a[href='/apps/{SHIPPING.replace('-', '%2D')}']"))
    assert tab.text("h1") == SHIPPING


def test_a_chain_of_publishing_and_receiving_is_one_trace(tab: Tab, system: System, dashboard: Dashboard) -> None:
    system.order("chain")

    def both() -> list[dict]:
        return [one for one in dashboard.api("/traces", search="publish", app=SHIPPING)["traces"] if one["spans"] > 1]

    support.until(both, "a trace has spans of both apps")
    tab.open(f"{dashboard.url}/traces?app={SHIPPING}&search=publish")
    tab.leads(lambda: tab.click("#traces a"))
    rows = tab.ask("[...document.querySelectorAll('.waterfall summary .who')].map((one) => one.innerText)")
    assert any(ORDERS in row and "publish" in row for row in rows), rows
    assert any(SHIPPING in row for row in rows), rows
    tab.click(".waterfall summary")
    tab.until("document.querySelector('.waterfall details').open", "the span unfolds")
    tab.shows("Span", ".waterfall dl")


def test_failed_traces_come_first(tab: Tab, system: System, dashboard: Dashboard) -> None:
    assert system.orders.invoke("GET", "nothing", app_id="nobody-here").is_error
    system.order("after the failure")
    support.until(lambda: any(one["errors"] for one in dashboard.api("/traces")["traces"]), "the failure is told")
    tab.open(f"{dashboard.url}/traces")
    assert "failed" in tab.text("#traces tbody tr")
    tab.click("[name=failed]")
    tab.leads(lambda: tab.click("#filters button"))
    states = tab.ask("[...document.querySelectorAll('#traces tbody tr')].map((one) => one.lastElementChild.innerText)")
    assert states and all("failed" in state for state in states), states


def test_every_page_has_its_content_soon(tab: Tab, system: System, dashboard: Dashboard) -> None:
    from test_pages import PAGES, reads
    for path in PAGES:
        started = time.monotonic()
        tab.open(dashboard.url + path)
        reads(tab, path, CONTENT)
        assert time.monotonic() - started < CONTENT, path


def test_ten_tabs_and_the_way_back_leave_room_for_another(browser: Browser, tab: Tab, dashboard: Dashboard) -> None:
    """A browser opens six connections to one server; a page that isn't seen must not hold one."""
    pages = ["/", "/apps", "/components", "/control-plane", "/traces", "/metrics-view"] * 2
    for path in pages:
        tab.open(dashboard.url + path)
    targets = [
        browser.call("Target.createTarget", url=dashboard.url + path, browserContextId=tab.context)["targetId"] for path in pages
    ]
    try:
        tab.call("Page.bringToFront")
        tab.open(f"{dashboard.url}/apps").shows(ORDERS, limit=CONTENT * 5)
    finally:
        for target in targets:
            browser.call("Target.closeTarget", targetId=target)


def test_the_keyboard_is_enough(tab: Tab, dashboard: Dashboard) -> None:
    tab.open(dashboard.url)
    tab.press("Tab")
    assert tab.ask("document.activeElement.className") == "skip", "the first stop leads past the menu"
    assert tab.ask("document.activeElement.getBoundingClientRect().x >= 0"), "it is seen"
    tab.press("Enter")
    tab.until("location.hash === '#content'", "the content is reached")
    order = []
    for _ in range(8):
        tab.press("Tab")
        order.append(tab.ask("document.activeElement.textContent.trim().slice(0, 40)"))
        outline = tab.ask("getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth")
        assert outline.startswith("solid") and not outline.endswith("0px"), (order[-1], outline)
    assert order[0].endswith(("app", "apps")) and len(set(order)) > 4, order
    # Digits lead through the menu; Escape leaves a field.
    tab.leads(lambda: tab.press("6"))
    place = tab.ask("document.querySelectorAll('.top nav a')[5].getAttribute('href')")
    assert tab.ask("location.pathname") == place
    tab.open(f"{dashboard.url}/traces").press("/")
    assert tab.ask("document.activeElement.name") == "search"
    tab.press("Escape")
    assert tab.ask("document.activeElement === document.body")


def test_read_only_offers_nothing(tab: Tab, home: support.Machine) -> None:
    dashboard = Dashboard(home, "--read-only")
    for path in ["/", "/apps", "/try", "/state"]:
        tab.open(dashboard.url + path)
        assert tab.ask("document.querySelectorAll('form[method=post]').length") == 0, path
    tab.shows("read-only", ".top")


def test_a_token_is_asked_for_once(tab: Tab, home: support.Machine) -> None:
    dashboard = Dashboard(home, "--token", "let me/in")
    tab.open(dashboard.url)
    assert "has a token" in tab.text("body")
    tab.open(f"{dashboard.url}/apps?token=let+me%2Fin")
    assert tab.ask("location.pathname + location.search") == "/apps"
    tab.leads(lambda: tab.click(".top nav a[href='/components']"))
    assert tab.text("h1") == "Components"
    assert not tab.ask("document.cookie"), "scripts see the token"
    tab.excuses("401")


def test_another_page_can_do_nothing(tabs: Callable[..., Tab], system: System, dashboard: Dashboard) -> None:
    """A page of another origin in the same browser: its forms, its requests, its frames."""
    tab = tabs()
    tab.open(dashboard.url)
    port = dashboard.url.rsplit(":", 1)[1]
    # The other loopback address is another origin, and answers; so is a page without one.
    tab.open("data:text/html,<form method=post action='http://localhost:%s/apps/%s/stop'><button>free coffee</button></form>" % (port, ORDERS))
    tab.leads(lambda: tab.click("button"))
    assert "may not change anything" in tab.text("body")
    tab.open("data:text/html,<iframe src='http://localhost:%s/'></iframe>" % port)
    read = """Promise.all([fetch("http://localhost:%s/api/v1/apps"), fetch("http://localhost:%s/api/v1/apps/%s/stop", { method: "POST",
        headers: { "x-dashboard-session": "x" } })]).then(() => "read", () => "refused")"""
    assert tab.ask(read % (port, port, ORDERS)) == "refused"
    assert any(app["appId"] == ORDERS for app in dashboard.api("/apps")["apps"])
    tab.excuses("")


def test_an_app_is_restarted_and_stopped(tab: Tab, system: System, dashboard: Dashboard) -> None:
    """The last one: the others need the app."""
    path = f"/apps/{SHIPPING.replace('-', '%2D')}"
    old = system.shipping.row()["appPid"]
    tab.open(f"{dashboard.url}/apps/{SHIPPING}")
    tab.click(f"form[action='{path}/restart'] button")
    tab.shows("was restarted", "#notes")
    new = support.until(lambda: (pid := system.shipping.row()["appPid"]) != old and pid, "another process is there")
    tab.shows(f"app {new}")
    tab.open(f"{dashboard.url}/apps")
    tab.click(f"form[action='{path}/stop'] button")
    tab.shows("was stopped", "#notes")
    assert tab.dialogs == [f"Stop {SHIPPING} and its sidecar?"]
    # It goes from the page by itself.
    tab.until(f"!document.querySelector('main').innerText.includes({SHIPPING!r})", "the row is gone")
    assert system.shipping.wait() in (0, 143)
