"""The page in a browser: drawn on with mouse, keys and pictures, trained and watched; nothing asks another host."""

import base64
import io
import time
from urllib.parse import urlsplit

import numpy as np
import pytest
import torch

from forward_forward.models import Model

SEVEN = [[(0.3, 0.22), (0.7, 0.22), (0.45, 0.8)]]
ZERO = [[(0.5 + 0.18 * np.cos(a), 0.5 + 0.3 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 24)]]
WAIT = 60_000
SEEN = """([width, height]) => Array.from(
    document.getElementById('seen').getContext('2d').getImageData(0, 0, width, height).data
).filter((_, i) => i % 4 === 0)"""


@pytest.fixture
def visit(chromium, live):
    """A function that opens the page; at the end nothing may have failed or gone to another host."""
    contexts, wrong, asked = [], [], []

    def opened(path="", ready=True, **options):
        context = chromium.new_context(**{"viewport": {"width": 1180, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.on(
            "console",
            lambda message: wrong.append(message.text) if message.type == "error" else None,
        )
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "requestfailed",
            lambda request: wrong.append(request.url) if "events" not in request.url else None,
        )
        page.on(
            "response",
            lambda answer: wrong.append(f"{answer.status} {answer.url}") if not answer.ok else None,
        )
        page.on("request", lambda request: asked.append(request.url))
        page.goto(live + path)
        if ready:
            page.wait_for_selector("body[data-ready]")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not wrong
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(live).netloc}


def stroke(page, strokes):
    box = page.locator("#canvas").bounding_box()
    for points in strokes:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=4)
        page.mouse.up()


def answer(page):
    return page.locator("#label").text_content()


def comes(page, condition):
    """Wait until something is true in the page; asked from outside, as the page forbids code made of strings."""
    ends = time.monotonic() + WAIT / 1000
    while not page.evaluate(condition):
        assert time.monotonic() < ends, condition
        page.wait_for_timeout(20)


def settled(page):
    """Wait until the answer to what is on the board has come: two looks alike, a moment apart."""
    before, ends = None, time.monotonic() + WAIT / 1000
    while time.monotonic() < ends:
        page.wait_for_timeout(120)
        seen = page.evaluate(
            "[document.getElementById('seen').toDataURL(), document.body.dataset.answer]"
        )
        if seen == before:
            return seen
        before = seen
    raise AssertionError("the page never came to rest")


def expected(model, page):
    """Return the answer of the net itself to the image that the page says it reads."""
    _, height, width = model.shape
    values = page.evaluate(SEEN, [width, height])
    image = torch.tensor(values, dtype=torch.float32)[None] / 255
    return model.class_names[int(model.scores(image).readouts["goodness"].argmax())]


def test_drawing_with_the_mouse_changes_the_answer(visit, model):
    page = visit()
    assert answer(page) == "–"
    stroke(page, SEVEN)
    settled(page)
    first = answer(page)
    assert first == expected(model, page)
    assert page.locator(".bar-row.best .bar-name").text_content() == first
    widths = page.eval_on_selector_all(
        ".part", "parts => parts.map(part => parseFloat(part.style.width))"
    )
    assert len(widths) == 20 and max(widths) > 20  # two of three layers count, ten labels each
    assert "ms" in page.locator("#latency").text_content()
    page.click("#clear")
    comes(page, "document.getElementById('label').textContent === '–'")
    stroke(page, ZERO)
    settled(page)
    assert answer(page) == expected(model, page) == "0" != first
    page.click("#undo")
    comes(page, "document.getElementById('label').textContent === '–'")
    page.click("#undo")  # the clearing
    settled(page)
    assert answer(page) == first


def test_the_answer_is_read_out(visit):
    page = visit()
    page.keyboard.press("3")
    comes(page, "document.getElementById('spoken').textContent.startsWith('The answer is ')")
    assert page.locator("#spoken").get_attribute("aria-live") == "polite"


def test_with_the_keyboard_alone(visit, model, digits):
    page = visit()
    first = int((digits.test.labels == 0).nonzero()[0])
    wanted = digits.class_names[
        int(model.scores(digits.test.images[first : first + 1]).readouts["goodness"].argmax())
    ]
    page.keyboard.press("0")
    comes(page, f"document.getElementById('label').textContent === '{wanted}'")
    page.keyboard.press("c")
    comes(page, "document.getElementById('label').textContent === '–'")
    for _ in range(30):
        if page.evaluate("document.activeElement.id") == "canvas":
            break
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "canvas"
    assert page.locator("#cursor").is_visible()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    for _ in range(6):
        page.keyboard.press("Shift+ArrowDown")
    settled(page)
    assert answer(page) == expected(model, page) != "–"
    page.keyboard.press("z")
    page.keyboard.press("i")
    settled(page)
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
    assert {
        "to-draw",
        "to-train",
        "theme",
        "which",
        "undo",
        "clear",
        "invert",
        "choose",
        "pen",
        "centre",
    } <= reached
    assert (
        page.locator("#samples button").first.get_attribute("aria-label") == "Test image of class 0"
    )


def test_every_control_has_a_name(visit):
    page = visit("#train")
    nameless = page.evaluate(
        """[...document.querySelectorAll('button, input, select, canvas[tabindex], progress')]
            .filter(each => !(each.getAttribute('aria-label') || each.textContent.trim() || each.labels?.length))
            .map(each => each.outerHTML)"""
    )
    assert nameless == []


def test_a_sample_is_read_as_it_is(visit, digits):
    page = visit()
    page.locator("#samples button").nth(4).click()
    settled(page)
    seen = page.evaluate(SEEN, [8, 8])
    image = digits.test.images[int((digits.test.labels == 4).nonzero()[0])]
    np.testing.assert_allclose(np.array(seen) / 255, image.numpy(), atol=1 / 255)
    assert "a test image as it is" in page.locator("#seen-words").text_content()


def test_a_picture_of_ink_on_paper(visit):
    from PIL import Image

    paper = np.full((120, 160), 225, np.uint8)
    paper[20:100, 70:90] = 30
    file = io.BytesIO()
    Image.fromarray(paper).save(file, format="PNG")
    page = visit()
    page.set_input_files(
        "#file", {"name": "<b>.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    comes(page, "document.getElementById('label').textContent !== '–'")
    seen = page.evaluate(SEEN, [8, 8])
    image = np.array(seen).reshape(8, 8)
    assert image[:, [0, 7]].max() == 0 and image[:, 3:5].min() > 100


def test_a_file_that_is_no_picture_is_told(visit):
    page = visit()
    page.set_input_files(
        "#file", {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"}
    )
    page.wait_for_selector("#trouble:not([hidden])")
    assert "no picture" in page.locator("#trouble").text_content()


def test_names_are_written_as_text(visit, studio, model):
    odd = ("<img src=x onerror=document.body.dataset.bad=1>", *"123456789")
    studio.models["given"] = Model(model.network, odd, model.shape, "<b>data</b>")
    studio.names["given"] = "</select><script>document.body.dataset.bad=1</script>"
    page = visit()
    page.keyboard.press("0")
    settled(page)
    assert page.evaluate("document.body.dataset.bad") is None
    assert page.locator(".bar-name").first.text_content() == odd[0]
    assert page.locator("#bars img, #which-facts b, #which script").count() == 0


def test_on_a_phone_nothing_is_cut_off(visit):
    page = visit(
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        device_scale_factor=2,
    )
    box = page.locator("#canvas").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    comes(page, "document.getElementById('label').textContent !== '–'")
    assert page.locator("#label").bounding_box()["y"] < 844  # the answer is seen while one draws
    for view in ("draw", "train"):
        page.tap(f"#to-{view}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        beyond = page.evaluate(
            """[...document.querySelectorAll('main *')].filter(e => e.getClientRects().length
                && !e.closest('.unseen') && e.getBoundingClientRect().right > 391).map(e => e.outerHTML.slice(0, 80))"""
        )
        assert beyond == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_dark_and_the_switch(visit, scheme):
    page = visit(color_scheme=scheme)

    def lightness():
        colours = page.evaluate(
            "['backgroundColor', 'color'].map(n => getComputedStyle(document.body)[n].match(/\\d+/g).map(Number))"
        )
        return [sum(colour[:3]) / 3 for colour in colours]

    paper, ink = lightness()
    assert (paper > 200 and ink < 60) if scheme == "light" else (paper < 40 and ink > 200)
    page.click("#theme")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    turned, _ = lightness()
    assert turned < 40 if scheme == "light" else turned > 200


def test_motion_is_left_out_where_it_is_not_wanted(visit):
    page = visit(reduced_motion="reduce")
    assert page.evaluate(
        "getComputedStyle(document.querySelector('.part')).transitionDuration"
    ) in ("0s", "")
    assert (
        visit().evaluate("getComputedStyle(document.querySelector('.part')).transitionDuration")
        != "0s"
    )


def test_train_watch_change_use_and_save(visit, studio, tmp_path):
    page = visit("#train")
    page.fill("#widths", "30, 20")
    page.fill("#epochs", "400")
    page.select_option("#pace", "0.5")
    page.click("#start")
    comes(
        page,
        "document.querySelectorAll('#loss-chart polyline')[0]?.getAttribute('points').length > 40",
    )
    page.select_option("#negatives", "random")
    page.fill("#rate", "-2")
    page.dispatch_event("#rate", "change")
    page.wait_for_selector("#loss-chart .mark", state="attached")
    assert studio.run.wishes.negatives == "random"
    until(page, lambda: studio.run.wishes.rate == 0.01)
    page.click("#pause")
    page.wait_for_selector("body[data-run=paused]")
    page.click("#pause")
    page.wait_for_selector("body[data-run=running]")
    page.select_option("#pace", "0")
    comes(
        page,
        "document.querySelector('#error-chart polyline').getAttribute('points').split(' ').length > 2",
    )
    assert page.locator("#fields canvas").count() == 30
    assert page.locator("#spread figure").count() == 2
    page.reload()  # closing the page costs nobody the run: all of it is told again
    comes(
        page,
        "document.querySelectorAll('#loss-chart polyline')[0]?.getAttribute('points').length > 40",
    )
    page.click("#stop")
    page.wait_for_selector("body[data-run=stopped]")
    page.fill("#name", "mine")
    page.click("#save")
    comes(page, "document.getElementById('saved').textContent === 'Saved: ff serve runs/mine'")
    assert (tmp_path / "runs" / "mine" / "model" / "manifest.json").exists()
    page.click("#use")
    page.wait_for_selector("#draw:not([hidden])")
    assert page.locator("#which").input_value() == "trained"
    page.keyboard.press("1")
    comes(page, "document.getElementById('label').textContent !== '–'")


def until(page, condition):
    ends = time.monotonic() + WAIT / 1000
    while not condition():
        assert time.monotonic() < ends
        page.wait_for_timeout(30)


def test_the_server_that_has_gone_is_told(chromium, studio):
    """In a context of its own, as here requests fail and are meant to."""
    import threading

    from forward_forward.web.server import Server, listening

    listener = listening(0)
    server = Server(studio, listener)
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
    thread.start()
    page = chromium.new_page()
    page.goto(server.address)
    page.wait_for_selector("body[data-ready]")
    server.end()
    thread.join(20)
    listener.close()
    page.keyboard.press("1")
    page.wait_for_selector("#trouble:not([hidden])")
    assert "is ff serve still running?" in page.locator("#trouble").text_content()
    page.close()


def test_a_site_elsewhere_cannot_ask(chromium, live, studio):
    """A page of another origin posts and reads: the browser sends its origin, and the server refuses."""
    page = chromium.new_page()
    port = urlsplit(live).port
    page.route(
        "http://evil.example/",
        lambda route: route.fulfill(body="<p>evil", content_type="text/html"),
    )
    page.goto("http://evil.example/")
    for kind in ("text/plain", "application/json"):
        told = page.evaluate(
            """([address, kind]) => fetch(address, {method: 'POST', headers: {'Content-Type': kind}, body: '{}',
                mode: kind === 'text/plain' ? 'no-cors' : 'cors'}).then(r => r.type, () => 'refused')""",
            [f"http://127.0.0.1:{port}/api/run/start", kind],
        )
        assert told in ("opaque", "refused")
    assert studio.run is None
    page.close()


def test_first_words_are_base64_of_what_is_drawn(visit):
    """The message is small: nothing but the pixels and their size."""
    page = visit()
    with page.expect_request("**/api/look") as caught:
        stroke(page, SEVEN)
    body = caught.value.post_data_json
    assert set(body) == {"model", "channels", "height", "width", "pixels", "centre"}
    assert len(base64.b64decode(body["pixels"])) == 96 * 96
    assert len(caught.value.post_data) < 13_000
