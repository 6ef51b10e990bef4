#!/bin/sh
# The whole tutorial with the AWS CLI and curl, then everything away again.
#
# Needs AWS_ENDPOINT_URL, credentials and a region in the environment, and VPC, SUBNETS, INSTANCES, SECURITY_GROUP
# and INVOKE_URL (with {api_id} and {stage} in it). Ends with the answer of the invoke URL on its last lines.
set -eu

say() { echo "--- $*" >&2; }
until_is() { # WANTED COMMAND...: ask until the answer is the wanted one
    wanted=$1
    shift
    tries=60
    while [ "$("$@")" != "$wanted" ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { say "never became $wanted: $*"; exit 1; }
    done
}
aws_text() { aws "$@" --output text; }

say "1. target group with HTTP health checks, internal load balancer, listener"
group=$(aws_text elbv2 create-target-group --name tutorial --protocol TCP --port 80 --vpc-id "$VPC" \
    --health-check-protocol HTTP --health-check-path /health --health-check-interval-seconds 10 \
    --healthy-threshold-count 2 --unhealthy-threshold-count 2 \
    --query 'TargetGroups[0].TargetGroupArn')
# shellcheck disable=SC2086  # a list of words
nlb=$(aws_text elbv2 create-load-balancer --name tutorial --type network --scheme internal --subnets $SUBNETS \
    --tags Key=made-by,Value=aws-cli --query 'LoadBalancers[0].LoadBalancerArn')
dns=$(aws_text elbv2 describe-load-balancers --load-balancer-arns "$nlb" --query 'LoadBalancers[0].DNSName')
aws_text elbv2 create-listener --load-balancer-arn "$nlb" --protocol TCP --port 80 \
    --default-actions "Type=forward,TargetGroupArn=$group" --query 'Listeners[0].ListenerArn' >/dev/null
until_is active aws_text elbv2 describe-load-balancers --load-balancer-arns "$nlb" \
    --query 'LoadBalancers[0].State.Code'

say "2. the load balancer's addresses, let in by the service's security group; targets"
ips=$(aws_text ec2 describe-network-interfaces \
    --filters "Name=description,Values=ELB ${nlb#*loadbalancer/}" \
    --query 'NetworkInterfaces[].PrivateIpAddress')
for ip in $ips; do
    aws_text ec2 authorize-security-group-ingress --group-id "$SECURITY_GROUP" \
        --ip-permissions "IpProtocol=tcp,FromPort=80,ToPort=80,IpRanges=[{CidrIp=$ip/32,Description=tutorial}]" \
        --query Return >/dev/null
done
targets=""
for instance in $INSTANCES; do targets="$targets Id=$instance"; done
# shellcheck disable=SC2086
aws elbv2 register-targets --target-group-arn "$group" --targets $targets
until_is "healthy	healthy" aws_text elbv2 describe-target-health --target-group-arn "$group" \
    --query 'TargetHealthDescriptions[].TargetHealth.State'

say "3. VPC link"
link=$(aws_text apigateway create-vpc-link --name tutorial --target-arns "$nlb" --query id)
until_is AVAILABLE aws_text apigateway get-vpc-link --vpc-link-id "$link" --query status

say "4-7. REST API, {proxy+}, ANY, integration"
api=$(aws_text apigateway create-rest-api --name tutorial --endpoint-configuration types=REGIONAL --query id)
root=$(aws_text apigateway get-resources --rest-api-id "$api" --query 'items[0].id')
resource=$(aws_text apigateway create-resource --rest-api-id "$api" --parent-id "$root" --path-part '{proxy+}' --query id)
aws apigateway put-method --rest-api-id "$api" --resource-id "$resource" --http-method ANY \
    --authorization-type NONE --request-parameters method.request.path.proxy=true >/dev/null
# shellcheck disable=SC2016  # API Gateway's variables, not the shell's
aws apigateway put-integration --rest-api-id "$api" --resource-id "$resource" --http-method ANY \
    --type HTTP_PROXY --integration-http-method ANY --connection-type VPC_LINK \
    --connection-id '${stageVariables.VPCLINK}' --uri 'http://${stageVariables.VPCNLB}/{proxy}' \
    --request-parameters integration.request.path.proxy=method.request.path.proxy >/dev/null

say "8-9. deployment, stage and its variables"
deployment=$(aws_text apigateway create-deployment --rest-api-id "$api" --query id)
aws apigateway create-stage --rest-api-id "$api" --stage-name live --deployment-id "$deployment" \
    --variables "VPCLINK=$link,VPCNLB=$dns" >/dev/null

say "10. invoke"
url=$(echo "$INVOKE_URL" | sed "s/{api_id}/$api/; s/{stage}/live/")
answer=$(curl --silent --show-error --write-out '\n%{http_code}' "$url/hello/world?from=curl")

say "and away, in the order that AWS wants"
aws apigateway delete-rest-api --rest-api-id "$api"
aws apigateway delete-vpc-link --vpc-link-id "$link"
until_is None aws_text apigateway get-vpc-links --query 'items[0].id'
aws elbv2 delete-load-balancer --load-balancer-arn "$nlb"
aws elbv2 delete-target-group --target-group-arn "$group"
for ip in $ips; do
    aws_text ec2 revoke-security-group-ingress --group-id "$SECURITY_GROUP" --protocol tcp --port 80 --cidr "$ip/32" \
        --query Return >/dev/null
done
until_is "" aws_text ec2 describe-network-interfaces --filters Name=requester-id,Values=amazon-elb \
    --query 'NetworkInterfaces[].NetworkInterfaceId'

echo "$answer"
