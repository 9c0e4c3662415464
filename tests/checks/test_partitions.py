"""China and GovCloud are partitions of their own, with ARNs of their own."""

import pytest

from checks import __main__ as repository


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_in_another_partition_nothing_names_this_one(partition: str) -> None:
    texts = {name: source.text for name, source in repository.definitions(partition).items()}
    texts |= {source.name: source.text for source in repository.templates()}
    assert len(texts) == 7 and [name for name, text in texts.items() if "arn:aws:" in text] == []
    assert all(f"arn:{partition}:states:::" in text for name, text in texts.items() if name.endswith(".asl.json"))
