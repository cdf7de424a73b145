"""Tables and bucket: the keys that the program uses, encrypted, restorable, and there after the stack is gone."""

from __future__ import annotations

import pytest

from ecid.adapters.dynamodb import EXPIRING, EXPIRY, KEYS
from tests.translated_template import evaluated, of_type, resources

TABLES = {f"{table.capitalize()}Table": keys for table, keys in KEYS.items()}


def test_every_table_is_one_of_the_programs() -> None:
    assert of_type("AWS::DynamoDB::Table").keys() == TABLES.keys()


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_the_keys_that_the_program_uses(name: str) -> None:
    table = resources()[name]["Properties"]
    kinds = ("HASH", "RANGE")[: len(TABLES[name])]
    assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == list(zip(TABLES[name], kinds, strict=True))
    assert {attribute["AttributeName"]: attribute["AttributeType"] for attribute in table["AttributeDefinitions"]} == dict.fromkeys(TABLES[name], "S")


@pytest.mark.parametrize("name", TABLES)
def test_tables_can_be_restored_are_encrypted_and_outlive_the_stack(name: str) -> None:
    table = resources()[name]
    properties = table["Properties"]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert properties["SSESpecification"]["SSEEnabled"] is True
    protected = {stage: evaluated(properties["DeletionProtectionEnabled"], {"Stage": stage}) for stage in ("dev", "staging", "prod")}
    assert protected == {"dev": False, "staging": False, "prod": True}
    assert properties["BillingMode"] == "PAY_PER_REQUEST", "a feed comes in bursts; capacity that is bought would refuse them"


def test_facts_and_conversations_may_expire_and_nothing_else() -> None:
    expiring = {name: table["TimeToLiveSpecification"] for name, table in of_type("AWS::DynamoDB::Table").items() if "TimeToLiveSpecification" in table}
    assert expiring == {f"{table.capitalize()}Table": {"AttributeName": EXPIRY, "Enabled": True} for table in EXPIRING}
    assert expiring.keys() == {"FactsTable", "ConversationsTable"}


def test_the_bucket_keeps_what_was_superseded_as_long_as_the_tables_can_be_restored() -> None:
    bucket = resources()["Objects"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")
    properties = bucket["Properties"]
    assert properties["VersioningConfiguration"]["Status"] == "Enabled"
    rules = properties["LifecycleConfiguration"]["Rules"]
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    assert [rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in rules if "NoncurrentVersionExpiration" in rule] == [35]
    assert not [rule for rule in rules if {"Expiration", "ExpirationInDays", "ExpirationDate", "Transitions", "Transition"} & rule.keys()]
    assert [rule for rule in rules if "AbortIncompleteMultipartUpload" in rule]


def test_the_bucket_is_nobody_elses() -> None:
    (bucket,) = of_type("AWS::S3::Bucket").values()
    assert bucket["PublicAccessBlockConfiguration"] == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] in ("AES256", "aws:kms")
