# The tutorial's chain, as somebody writes it who has only the provider's documentation.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "endpoint" { type = string }
variable "access_key" { type = string }
variable "secret_key" { type = string }
variable "region" { type = string }
variable "vpc" { type = string }
variable "subnets" { type = list(string) }
variable "instances" { type = list(string) }
variable "security_group" { type = string }

provider "aws" {
  region                      = var.region
  access_key                  = var.access_key
  secret_key                  = var.secret_key
  skip_metadata_api_check     = true
  skip_requesting_account_id  = false
  skip_credentials_validation = false
  max_retries                 = 2

  endpoints {
    apigateway = var.endpoint
    ec2        = var.endpoint
    elbv2      = var.endpoint
    iam        = var.endpoint
    sts        = var.endpoint
  }

  default_tags {
    tags = { owner = "terraform" }
  }
}

resource "aws_lb" "nlb" {
  name               = "tutorial"
  internal           = true
  load_balancer_type = "network"
  subnets            = var.subnets
}

resource "aws_lb_target_group" "service" {
  name     = "tutorial"
  port     = 80
  protocol = "TCP"
  vpc_id   = var.vpc

  health_check {
    protocol            = "HTTP"
    path                = "/health"
    interval            = 10
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "tcp" {
  load_balancer_arn = aws_lb.nlb.arn
  port              = 80
  protocol          = "TCP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.service.arn
  }
}

resource "aws_lb_target_group_attachment" "instance" {
  count            = length(var.instances)
  target_group_arn = aws_lb_target_group.service.arn
  target_id        = var.instances[count.index]
}

# The NLB IP lookup: its addresses are only on its network interfaces.
data "aws_network_interface" "nlb" {
  count = length(var.subnets)

  filter {
    name   = "description"
    values = ["ELB ${aws_lb.nlb.arn_suffix}"]
  }
  filter {
    name   = "subnet-id"
    values = [var.subnets[count.index]]
  }
}

resource "aws_vpc_security_group_ingress_rule" "nlb" {
  count             = length(var.subnets)
  security_group_id = var.security_group
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
  cidr_ipv4         = "${data.aws_network_interface.nlb[count.index].private_ip}/32"
  description       = "NLB tutorial"
}

resource "aws_api_gateway_vpc_link" "link" {
  name        = "tutorial"
  target_arns = [aws_lb.nlb.arn]
}

resource "aws_api_gateway_rest_api" "api" {
  name = "tutorial"

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_resource" "proxy" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  parent_id   = aws_api_gateway_rest_api.api.root_resource_id
  path_part   = "{proxy+}"
}

resource "aws_api_gateway_method" "any" {
  rest_api_id   = aws_api_gateway_rest_api.api.id
  resource_id   = aws_api_gateway_resource.proxy.id
  http_method   = "ANY"
  authorization = "NONE"

  request_parameters = {
    "method.request.path.proxy" = true
  }
}

resource "aws_api_gateway_integration" "vpc_link" {
  rest_api_id             = aws_api_gateway_rest_api.api.id
  resource_id             = aws_api_gateway_resource.proxy.id
  http_method             = aws_api_gateway_method.any.http_method
  type                    = "HTTP_PROXY"
  integration_http_method = "ANY"
  connection_type         = "VPC_LINK"
  connection_id           = "$${stageVariables.VPCLINK}"
  uri                     = "http://$${stageVariables.VPCNLB}/{proxy}"

  request_parameters = {
    "integration.request.path.proxy" = "method.request.path.proxy"
  }
}

resource "aws_api_gateway_deployment" "live" {
  rest_api_id = aws_api_gateway_rest_api.api.id

  triggers = {
    redeployment = sha1(jsonencode([
      aws_api_gateway_resource.proxy.id,
      aws_api_gateway_method.any.id,
      aws_api_gateway_integration.vpc_link.id,
    ]))
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "live" {
  rest_api_id   = aws_api_gateway_rest_api.api.id
  deployment_id = aws_api_gateway_deployment.live.id
  stage_name    = "live"

  variables = {
    VPCLINK = aws_api_gateway_vpc_link.link.id
    VPCNLB  = aws_lb.nlb.dns_name
  }
}

output "api_id" {
  value = aws_api_gateway_rest_api.api.id
}

output "stage" {
  value = aws_api_gateway_stage.live.stage_name
}

output "nlb_ips" {
  value = data.aws_network_interface.nlb[*].private_ip
}
