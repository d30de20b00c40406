"""The GraphQL call: one POST with a document and variables, carried out by a real GraphQL library."""

from functools import lru_cache
from typing import Any

import orjson
from graphql import DocumentNode, GraphQLError, execute_sync, parse, validate

from migrator.emulators.kitemaker import schema
from migrator.emulators.kitemaker.assumptions import GRAPHQL_ERROR_STATUS
from migrator.emulators.kitemaker.problems import Problem, wrong
from migrator.emulators.kitemaker.resolvers import resolve, type_of
from migrator.emulators.kitemaker.sight import Sight
from migrator.emulators.server import Request

SCHEMA = schema.made()
"""The same for everybody; introspection shows it."""

MAX_TOKENS = 10_000
"""Words of a document at most, so that none takes us down."""


def answer(request: Request, sight: Sight) -> tuple[int, Any]:
    """Status and body of a call. Raises Problem 400 for what is no GraphQL call at all."""
    document, variables, operation = _call(request)
    try:
        parsed = _document(document)
        done = execute_sync(
            SCHEMA,
            parsed,
            context_value=sight,
            variable_values=variables,
            operation_name=operation,
            field_resolver=resolve,
            type_resolver=type_of,
        )
    except GraphQLError as error:
        return GRAPHQL_ERROR_STATUS, {"errors": [error.formatted]}
    except RecursionError:
        return GRAPHQL_ERROR_STATUS, {"errors": [{"message": "the document is nested too deep"}]}
    for cause in (each.original_error for each in done.errors or ()):
        if cause is not None and not isinstance(cause, (Problem, GraphQLError, RecursionError)):
            raise cause  # a fault of this emulator is never hidden in an answer
    errors: list[Any] = [each.formatted for each in done.errors or ()]
    if sight.org.switches.partial_errors:
        errors.append({"message": "Something else went wrong"})
    if errors:
        return GRAPHQL_ERROR_STATUS, {"errors": errors, "data": done.data}
    return 200, {"data": done.data}


def _call(request: Request) -> tuple[str, dict[str, Any], str | None]:
    try:
        body = orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        raise wrong(f"the body is not JSON: {error}") from None
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise wrong("the body has no query")
    variables, operation = body.get("variables") or {}, body.get("operationName")
    if not isinstance(variables, dict) or not isinstance(operation, str | None):
        raise wrong("variables are an object, operationName is text")
    return body["query"], variables, operation


@lru_cache(maxsize=64)
def _document(text: str) -> DocumentNode:
    """A document that is valid under the schema. Raises GraphQLError with the first thing wrong."""
    parsed = parse(text, max_tokens=MAX_TOKENS)
    for error in validate(SCHEMA, parsed):
        raise error
    return parsed
