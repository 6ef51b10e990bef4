# ruff: noqa: E501 (a form a line)
"""Every form that a credential is written in is taken out, and what operators read stays."""

from __future__ import annotations

import base64
import html
import json
import string
from urllib.parse import quote

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runbook.redaction import REDACTED, redacted

KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"
TEMPORARY = "ASIA" + "JEXAMPLEXEG2JICEA"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYPLANTEDKEY"
TOKEN = "IQoJb3JpZ2luX2VjEPLANTED//////////wEaCXVzLWVhc3QtMSJHMEUCIQ=="
PLAIN = "plantedTokenOfNoForm0123"
PASSWORD = "pl4nted-word"
SIGNATURE = "0123456789abcdef" * 4
BASIC = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJl"
STS = {"AccessKeyId": TEMPORARY, "SecretAccessKey": SECRET, "SessionToken": TOKEN, "Expiration": "2026-01-01T00:00:00Z"}
IMDS = {"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": TEMPORARY, "SecretAccessKey": SECRET, "Token": PLAIN}


def xml(values: dict[str, str], around: str = "") -> str:
    inside = "".join(f"{around}<{name}>{around}{value}{around}</{name}>" for name, value in values.items())
    return f'<AssumeRoleResponse xmlns="x"><Credentials>{inside}{around}</Credentials></AssumeRoleResponse>'


def ini(values: dict[str, str]) -> str:
    return "[default]\n" + "\n".join(f"{name} = {value}" for name, value in values.items())


AWS_KEYS = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET, "aws_session_token": PLAIN}
QUERY = (
    f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={quote(TEMPORARY + '/20260101/eu-west-1/s3/aws4_request', safe='')}"
    f"&X-Amz-Date=20260101T000000Z&X-Amz-Expires=900&X-Amz-Security-Token={quote(PLAIN + '/+' + PLAIN, safe='')}"
    f"&X-Amz-SignedHeaders=host&X-Amz-Signature={SIGNATURE}"
)
FORMS: dict[str, str] = {
    "XML of AssumeRole": xml(STS),
    "XML, indented": xml(STS, "\n      "),
    "XML of a namespace": xml(STS).replace("<", "<ns2:").replace("<ns2:/", "</ns2:"),
    "XML with attributes": f'<SecretAccessKey type="x">{SECRET}</SecretAccessKey><Token>{PLAIN}</Token>',
    "XML in CDATA": f"<SecretAccessKey><![CDATA[{SECRET}]]></SecretAccessKey>",
    "XML, escaped": html.escape(xml(STS)),
    "XML, cut": xml(STS)[: xml(STS).index(SECRET) + 30],
    "XML of keys and values": f"<entry><Key>password</Key>\n<Value>{PASSWORD}</Value></entry>",
    "XML in an attribute": f'<credentials secretAccessKey="{SECRET}" sessionToken="{PLAIN}"/>',
    "JSON of AssumeRole": json.dumps({"Credentials": STS}),
    "JSON of the instance metadata": json.dumps(IMDS, indent=2),
    "JSON without spaces": json.dumps(IMDS, separators=(",", ":")),
    "JSON in JSON": json.dumps({"body": json.dumps(IMDS)}),
    "JSON in JSON in JSON": json.dumps({"body": json.dumps({"body": json.dumps(IMDS)})}),
    "JSON in HTML": html.escape(json.dumps(IMDS)),
    "JSON, percent-encoded": quote(json.dumps(IMDS)),
    "JSON, percent-encoded twice": quote(quote(json.dumps(IMDS))),
    "JSON with Unicode escapes": json.dumps(IMDS).replace('"', "\\u0022"),
    "JSON, cut in the value": json.dumps(IMDS)[: json.dumps(IMDS).index(PLAIN) + 20],
    "JSON of headers with lists": json.dumps({"headers": {"Authorization": [f"Bearer {PLAIN}"], "x-api-key": [PLAIN]}}),
    "JSON of names and values": json.dumps([{"name": "DB_PASSWORD", "value": PASSWORD}, {"name": "Authorization", "value": BASIC}]),
    "JSON with quotes in the value": json.dumps({"password": f'a"b {PASSWORD}'}),
    "JSON with spaces in the value": json.dumps({"password": f"some words {PASSWORD}", "user": "x"}),
    "Python": repr({"Token": PLAIN, "password": PASSWORD, "AWS_SESSION_TOKEN": PLAIN}),
    "pairs": repr([("X-Amz-Security-Token", PLAIN), ("Authorization", f"Basic {BASIC}"), ("Cookie", f"id={PLAIN}")]),
    "YAML": yaml.safe_dump(IMDS),
    "YAML of names and values": f"- name: DB_PASSWORD\n  value: {PASSWORD}\n",
    "ini": ini(AWS_KEYS),
    "ini without spaces": ini(AWS_KEYS).replace(" ", ""),
    "a shell": "\n".join(f"export {name.upper()}={value}" for name, value in AWS_KEYS.items()),
    "a shell, in quotes": "\n".join(f"export {name.upper()}='{value}'" for name, value in AWS_KEYS.items()),
    "PowerShell": "\n".join(f'$env:{name.upper()}="{value}"' for name, value in AWS_KEYS.items()),
    "a dump of the environment": f"PATH=/bin\nDB_PASSWORD={PASSWORD}\nAWS_SECRET_ACCESS_KEY={SECRET}\nHOME=/root",
    "Terraform": f'access_key = "{KEY_ID}"\nsecret_key = "{SECRET}"\ntoken = "{PLAIN}"',
    "Ruby": f":secret_access_key => '{SECRET}', :session_token => '{PLAIN}'",
    "the file that the console hands out": f"Access key ID,Secret access key\n{KEY_ID},{SECRET}",
    "aws configure": f"AWS Access Key ID [None]: {KEY_ID}\nAWS Secret Access Key [None]: {SECRET}\n",
    "aws configure list": f"secret_key     {KEY_ID}  {SECRET}",
    "a session token in words": f"the token is {TOKEN}",
    "a presigned URL": f"https://b.s3.amazonaws.com/k?{QUERY}",
    "a presigned URL in HTML": html.escape(f"https://b.s3.amazonaws.com/k?{QUERY}"),
    "a presigned URL, percent-encoded": quote(f"https://b.s3.amazonaws.com/k?{QUERY}", safe=""),
    "a presigned URL of Signature Version 2": f"https://b/k?AWSAccessKeyId={KEY_ID}&Expires=1&Signature={quote(PLAIN, safe='')}",
    "a signed URL of CloudFront": f"https://d.cloudfront.net/k?Expires=1&Signature={PLAIN}~-{PLAIN}__&Key-Pair-Id=K2",
    "Signature Version 4": f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20260101/x/ec2/aws4_request, SignedHeaders=host, Signature={SIGNATURE}",
    "Signature Version 4A": f"AWS4-ECDSA-P256-SHA256 Credential={KEY_ID}/20260101/ec2/aws4_request, SignedHeaders=host, Signature={SIGNATURE}",
    "a bearer": f"Authorization: Bearer {PLAIN}",
    "a bearer by itself": f"sent Bearer {PLAIN} to it",
    "basic": f"Authorization: Basic {BASIC}\r\nHost: x",
    "basic by itself": f"sent Basic {BASIC} to it",
    "basic in a URL": f"https://admin:{PASSWORD}@example.com/x",
    "basic in a URL without a name": f"redis://:{PASSWORD}@example.com:6379",
    "a token in a URL": f"https://{PLAIN}@github.com/o/r",
    "basic of curl": f"curl -u admin:{PASSWORD} https://example.com",
    "basic of curl, at length": f"curl --user 'admin:{PASSWORD}' https://example.com",
    "digest": f'Authorization: Digest username="admin", realm="r", response="{SIGNATURE}"',
    "proxy": f"Proxy-Authorization: Basic {BASIC}",
    "cookie": f"Cookie: a=b; session={PLAIN}",
    "set-cookie": f"Set-Cookie: session={PLAIN}; Path=/; HttpOnly",
    "an API key": f"x-api-key: {PLAIN}",
    "an API key in a query": f"https://example.com/?api_key={PLAIN}&x=1",
    "an OAuth answer": json.dumps({"access_token": PLAIN, "refresh_token": PLAIN, "id_token": PLAIN, "client_secret": PASSWORD}),
    "camel case": json.dumps({"accessToken": PLAIN, "idToken": PLAIN, "clientSecret": PASSWORD, "apiKey": PLAIN}),
    "a JSON Web Token": f"token was {JWT} then",
    "a JSON Web Token in a query": f"id%3D{JWT}",
    "the metadata's own token": f"X-aws-ec2-metadata-token: {PLAIN}==",
    "the container's token": f"AWS_CONTAINER_AUTHORIZATION_TOKEN={PLAIN}",
    "a connection string": f"Server=db;User Id=sa;Password={PASSWORD};Encrypt=yes",
    "an execution log": f"Method request headers: {{Authorization=Bearer {PLAIN}, X-Api-Key={PLAIN}}}",
    "a key": f"-----BEGIN RSA PRIVATE KEY-----\n{PLAIN}\n-----END RSA PRIVATE KEY-----",
    "a key, cut": f"-----BEGIN PRIVATE KEY-----\\n{PLAIN}",
}  # fmt: skip
PLANTED = [KEY_ID, TEMPORARY, SECRET, TOKEN, PLAIN, PASSWORD, SIGNATURE, BASIC, JWT]
SPELLINGS = [spelled for each in PLANTED for spelled in (each, quote(each, safe=""), html.escape(each), each[:12])]


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_taken_out_of(form: str) -> None:
    text = FORMS[form]
    shown = redacted(text)
    assert [each for each in SPELLINGS if each in shown and each not in ("AWS4-HMAC-SH",)] == [], shown
    assert REDACTED in shown
    assert redacted(shown) == shown or REDACTED in redacted(shown)


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_taken_out_amid_other_text(form: str) -> None:
    shown = redacted(f"502 from the service: {FORMS[form]}\nsee arn:aws:iam::123456789012:role/x")
    assert not any(each in shown for each in PLANTED)


@pytest.mark.parametrize(
    "document", [STS, IMDS, AWS_KEYS, {"password": PASSWORD}, {"headers": {"authorization": f"Basic {BASIC}"}}]
)
def test_a_secret_is_taken_out_of_a_document(document: dict[str, object]) -> None:
    shown = json.dumps(redacted({"a": [document]}))
    assert not any(each in shown for each in PLANTED)


READABLE = [
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/demo-nlb/50dc6c495c0c9188",
    "arn:aws:iam::123456789012:role/aws-service-role/elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:demo-AbCdEf",
    "arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/stages/prod",
    "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod/hello?x=1&token=",
    "http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4e5/prod/hello",
    "demo-nlb-50dc6c495c0c9188.elb.eu-west-1.amazonaws.com",
    "ip-10-0-1-5.asia-pacific1example.compute.internal, asiapacificsoutheast1",
    "i-0123456789abcdef0, eni-0123456789abcdef0, sg-0123456789abcdef0, vpce-svc-0123456789abcdef0",
    "request id 8f0d1f3a-64d0-4c35-9ba7-6c0f0a0b1c2d, Root=1-5759e988-bd862e3fe1be46a994272793",
    '{"message":"Missing Authentication Token"}',
    '{"message":"The security token included in the request is invalid."}',
    "UnrecognizedClientException: The security token included in the request is invalid",
    "ExpiredToken: The provided token has expired. Renew it with: aws sso login",
    "the method's authorization: NONE",
    '"authorizationType": "AWS_IAM", "apiKeyRequired": false, "apiKeySource": "HEADER"',
    "API key required; the caller sent none. Usage plan: basic authentication is not used",
    "Basic health checks pass; basic monitoring is on",
    '{"NextToken": "AAAAbbbbCCCCddddEEEE", "nextToken": "AAAAbbbbCCCCddddEEEE"}',
    "ClientToken=6f7a8c54-0000-4000-8000-000000000000",
    "git@github.com:owner/name.git and ssh://git@github.com/owner/name",
    "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709, sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "Signature Version 4 is what AWS calls it; Credential sources are tried in order",
    "aws apigateway update-stage --rest-api-id a1b2c3d4e5 --stage-name prod --patch-operations op=replace,path=/variables/x,value=y",
    "docker run -u 1000:1000 image",
    "password reset is not configured",
    "2026-01-01T00:00:00Z 10.0.1.5:80 10.0.2.0/24 fd00::1 eu-west-1a",
]  # fmt: skip


@pytest.mark.parametrize("text", READABLE)
def test_what_is_no_secret_can_be_read(text: str) -> None:
    assert redacted(text) == text


ALNUM = string.ascii_lowercase + string.digits
names = st.text(ALNUM + "-", min_size=1, max_size=32).filter(lambda name: name.strip("-") == name)
ids = st.text("0123456789abcdef", min_size=17, max_size=17)


@given(
    name=names,
    identifier=ids,
    account=st.integers(10**11, 10**12 - 1),
    region=st.sampled_from(["eu-west-1", "ap-south-2"]),
)
def test_names_ids_and_arns_can_be_read(name: str, identifier: str, account: int, region: str) -> None:
    for text in (
        f"i-{identifier}",
        f"arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{identifier[:16]}",
        f"https://{identifier[:10]}.execute-api.{region}.amazonaws.com/{name}/{name}",
        f"{name}-{identifier[:16]}.elb.{region}.amazonaws.com",
        f"load balancer {name} ({identifier}) is provisioning in {region}a of {account}",
    ):
        assert redacted(text) == text


@given(st.text(st.characters(codec="utf-8"), max_size=200), st.sampled_from(list(FORMS)))
def test_what_stands_before_it_does_not_hide_it(before: str, form: str) -> None:
    shown = redacted(f"{before}\n{FORMS[form]}")
    assert not any(each in shown for each in (KEY_ID, SECRET, TOKEN) if each not in before)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "part",
    ["a-", "password", "password ", "Authorization: ", "AWS4-HMAC-SHA256 ", "://a:", "token\\", "<password ", "'", "%25",
     "secretkey\"", "&quot;", "eyJaaaaaaaaa.", "authorization: Digest a=b ", "-----BEGIN PRIVATE KEY-----", "value ", "\\"],
)  # fmt: skip
def test_no_text_takes_long(part: str) -> None:
    text = "password" + part * (200_000 // len(part))
    redacted(text)
