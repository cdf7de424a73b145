"""What is published about scoring itself: the parameters of the policy, and the codes that are often misclassified. No sign-in, nothing written."""

from __future__ import annotations

from aws_lambda_powertools.event_handler.api_gateway import Response

from ecid import api, bootstrap
from ecid.scoring.policy import parameters
from ecid.services.published_list import misclassified_codes

app = api.application()


@app.get("/v1/policy", operation_id="get_policy")
def policy() -> Response[str]:
    return api.json_response(parameters(api.language(app.current_event)), api.PUBLIC_CACHE)


@app.get("/v1/misclassified", operation_id="list_misclassified")
def misclassified() -> Response[str]:
    return api.json_response(misclassified_codes(bootstrap.record_store(), api.language(app.current_event)), api.PUBLIC_CACHE)


handler = app.resolve  # AWS Lambda entry point: API Gateway HTTP API, payload 2.0
