"""How AWS, or what speaks like it, is reached: options that several sections have."""

from pydantic import Field, model_validator

from labtool.core.config.secrets import Secret
from labtool.core.config.types import Section, mistake


class AwsAccess(Section):
    """Without keys, as this machine does (its role, ~/.aws)."""

    endpoint: str = Field(default="", pattern=r"^(https?://.+)?$", description="Default: Amazon's")
    region: str = ""
    key_id: Secret | None = None
    secret: Secret | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> "AwsAccess":
        if (self.key_id is None) != (self.secret is None):
            raise mistake("needs key_id: and secret: together", "write both, or neither")
        return self

    @property
    def keys(self) -> tuple[str, str] | None:
        """The key and its secret, revealed."""
        return (self.key_id.reveal(), self.secret.reveal()) if self.key_id and self.secret else None

    @property
    def signed_for(self) -> str:
        """The region. An endpoint of its own asks for none, but the signature has one."""
        return self.region or ("us-east-1" if self.endpoint else "")
