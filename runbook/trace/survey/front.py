"""The first wave: all of API Gateway's side at once, and the load balancers that a link may lead to."""

from __future__ import annotations

from functools import partial

from runbook.path import links
from runbook.path.balancing import balancers
from runbook.path.configuration import Configuration, located, resourced
from runbook.path.gateway import deployments, export, protocol, resources
from runbook.trace.model import Unseen
from runbook.trace.seen import Front
from runbook.trace.survey.asking import Asking, if_there
from runbook.trace.target import Target

__all__ = ["look_at_gateway"]


def look_at_gateway(ask: Asking, target: Target) -> Front:
    """Ask for the API, its stage, what is deployed and configured, the links and the load balancers."""
    aws, api_id = ask.aws, target.api_id
    everywhere = f"apigateway:GET on arn:aws:apigateway:{aws.region}::"
    of_api = f"{everywhere}/restapis/{api_id}"
    of_stage = f"{of_api}/stages/{target.stage}"
    api = ask(of_api, if_there(lambda: aws.apigateway.get_rest_api(restApiId=api_id)))
    stage = ask(of_stage, if_there(lambda: aws.apigateway.get_stage(restApiId=api_id, stageName=target.stage)))
    served = ask(f"{of_stage}/exports/oas30", if_there(partial(export, aws, api_id, target.stage)))
    wanted = ask(f"{of_api}/resources", if_there(partial(resources, aws, api_id)))
    made = ask(f"{of_api}/deployments", if_there(partial(deployments, aws, api_id)))
    all_links = ask(f"{everywhere}/vpclinks", partial(links.listed, aws))
    all_links_v2 = ask(f"{everywhere}/vpclinks", partial(links.listed_v2, aws))
    all_balancers = ask("elasticloadbalancing:DescribeLoadBalancers", partial(balancers, aws))
    seen, found = api.result(), wanted.result()
    other: str | Unseen | None = None
    if seen is None:
        other = ask(f"{everywhere}/apis/{api_id}", if_there(partial(protocol, aws, api_id))).result()
    policy = seen.get("policy") if seen and not isinstance(seen, Unseen) else None
    configured = resourced(found, policy) if isinstance(found, list) else found
    deployed = served.result() if target.stage else None
    if isinstance(deployed, Configuration) and isinstance(configured, Configuration):
        deployed = located(deployed, configured)
    return Front(
        api=seen,
        stage=stage.result() if target.stage else None,
        deployed=deployed,
        configured=configured,
        deployments=made.result(),
        links=all_links.result(),
        links_v2=all_links_v2.result(),
        balancers=all_balancers.result(),
        protocol=other or "",
    )
