"""One server for all tests; a visitor who stays from test to test, and more visitors for who needs them."""

from collections.abc import Callable, Iterator

import pytest

from tests.ui.visitor import SCREEN, Visitor


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """The page with the bundled networks, served by this process."""
    from nlviz.ui import launch

    _, address, _ = launch(prevent_thread_lock=True, quiet=True)
    yield address
    import gradio

    gradio.close_all()


@pytest.fixture(scope="session")
def come(browser, url) -> Callable[..., Visitor]:
    """``come()`` opens the page as one more visitor, at the first view or at the end of an address."""
    def come(link: str | None = None, **options) -> Visitor:
        context = browser.new_context(**{"viewport": SCREEN} | options)
        return Visitor(context.new_page(), url).arrive(link)

    return come


@pytest.fixture
def visit(come) -> Iterator[Callable[..., Visitor]]:
    """``visit()`` comes as one more visitor; afterwards no error and no request to another host may be found."""
    visitors = []

    def visit(link: str | None = None, **options) -> Visitor:
        visitors.append(come(link, **options))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.page.context.close()
        assert not visitor.wrong()


@pytest.fixture(scope="session")
def staying() -> Iterator[list[Visitor]]:
    """The visitor who stays, where there is one."""
    staying: list[Visitor] = []
    yield staying
    for visitor in staying:
        visitor.page.context.close()


@pytest.fixture
def site(request, come, staying) -> Iterator[Visitor]:
    """The visitor who stays, back at the first view; after a failure another one comes."""
    if staying and not staying[0].begin_again():
        staying.pop().page.context.close()
    if not staying:
        staying.append(come())
    site, failed = staying[0], request.session.testsfailed
    yield site
    wrong = site.wrong()
    if wrong or request.session.testsfailed > failed:
        staying.pop().page.context.close()
    assert not wrong
