"""Makes an account with a user, its key and a role to assume, on a stand-in of AWS, and prints them as one line of JSON.

usage: aws_account.py ENDPOINT [SWITCH]

moto checks signatures only after a 0 was posted to SWITCH.
The keys of the stand-ins' root user pass with any secret, so they would prove nothing.
"""

import json
import sys
import urllib.request

import botocore.session

ENDPOINT = sys.argv[1]
MAY_INVOKE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["bedrock:*", "sts:AssumeRole"], "Resource": "*"}],
}
ANYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}],
}


def client(service, key="test", secret="test"):
    return botocore.session.get_session().create_client(
        service,
        endpoint_url=ENDPOINT,
        region_name="eu-central-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )


iam = client("iam")
iam.create_user(UserName="agent")
iam.put_user_policy(UserName="agent", PolicyName="invoke", PolicyDocument=json.dumps(MAY_INVOKE))
key = iam.create_access_key(UserName="agent")["AccessKey"]
role = iam.create_role(RoleName="agent", AssumeRolePolicyDocument=json.dumps(ANYBODY))["Role"]
iam.put_role_policy(RoleName="agent", PolicyName="invoke", PolicyDocument=json.dumps(MAY_INVOKE))
sts = client("sts", key["AccessKeyId"], key["SecretAccessKey"])
session = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="agent")["Credentials"]
for switch in sys.argv[2:]:
    request = urllib.request.Request(switch, data=b"0", headers={"Content-Type": "text/plain"})
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).read()
print(
    json.dumps(
        {
            "user": {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]},
            "role": {
                "key": session["AccessKeyId"],
                "secret": session["SecretAccessKey"],
                "token": session["SessionToken"],
            },
        }
    )
)
