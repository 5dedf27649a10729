"""Django on a database of the test's own, as the web tests have it."""

from tests.web.conftest import (  # noqa: F401 - fixtures are used by their names
    client,
    database,
    database_url,
    key,
    market,
    market_template_url,
    web_template_url,
)
