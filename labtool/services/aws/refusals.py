"""What AWS refuses, as our errors. The words are those of
docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html and of its other services.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from labtool.core.errors import AccessDenied, Failed, LabtoolError, Temporary
from labtool.core.masking import retold
from labtool.core.text import counted, one_line
from labtool.services.http_words import why

_WRONG_KEYS = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_RUN_OUT = frozenset({"ExpiredToken", "ExpiredTokenException"})
_SKEWED = frozenset({"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"})
_NOT_ALLOWED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
)
_BUSY = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
NOT_ALLOWED = "not_allowed"
_NONSENSE = (ValueError, KeyError, TypeError, AttributeError, IndexError)


@contextmanager
def explained(action: str) -> Iterator[None]:
    """What goes wrong in a call; `action` is how a policy names it, `ec2:DescribeVolumes`."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
    from botocore.parsers import ResponseParserError

    where = f"AWS {action}"
    try:
        yield
    except ClientError as error:
        raise _refused(error.response, action, where) from error
    except HTTPClientError as error:
        asked = urlsplit(str(getattr(error, "kwargs", {}).get("endpoint_url") or "")).hostname
        what = f"{asked or 'AWS'} cannot be reached ({why(error)})"
        raise Temporary(what, where=where, code="aws") from error
    except BotoCoreError as error:
        raise _not_asked(error, where) from error
    except (ResponseParserError, *_NONSENSE) as error:
        raise Temporary("AWS's answer made no sense", where=where, code="aws") from error


def _not_asked(error: Exception, where: str) -> LabtoolError:
    """What boto3 finds wrong before or after AWS had its say."""
    from botocore import exceptions as be

    if isinstance(error, be.NoCredentialsError | be.PartialCredentialsError):
        fix = "set key_id: and secret: beside it in the config, or give this machine a role"
        return AccessDenied("there are no credentials", where="AWS", fix=fix, code="aws_keys")
    if isinstance(error, be.CredentialRetrievalError | be.ProfileNotFound):
        fix = "look into ~/.aws, or set key_id: and secret: beside it in the config"
        return AccessDenied(one_line(str(error), 160), where="AWS", fix=fix, code="aws_keys")
    if isinstance(error, be.InvalidRegionError | be.NoRegionError):
        return Failed("there is no such region", where=where, fix="check region:", code="region")
    what = f"AWS's answer made no sense ({type(error).__name__})"
    return Temporary(what, where=where, code="aws")


def _refused(response: dict[str, Any], action: str, where: str) -> LabtoolError:
    problem = response.get("Error") or {}
    code, said = str(problem.get("Code") or ""), str(problem.get("Message") or "")
    meta = response.get("ResponseMetadata") or {}
    status = int(meta.get("HTTPStatusCode") or 0)
    if code in _SKEWED or "Signature expired" in said or "Signature not yet current" in said:
        what = f"AWS does not accept this machine's clock{_skew(meta)}"
        fix = "set it: timedatectl set-ntp true"
        return Failed(what, where=where, fix=fix, code="clock")
    if code in _RUN_OUT:
        fix = "keys of a role or a login last some hours: make keys of a user of its own"
        return AccessDenied("the keys have run out", where="AWS", fix=fix, code="aws_keys")
    if code in _WRONG_KEYS:
        fix = "check key_id: and secret: there; make new ones in IAM if they were revoked"
        return AccessDenied(f"AWS refuses the keys ({code})", where="AWS", fix=fix, code="aws_keys")
    if code in _NOT_ALLOWED:
        fix = f"allow {action} in the user's policy (IAM)"
        what = "a permission is missing"
        return AccessDenied(what, where=where, fix=fix, code=NOT_ALLOWED)
    if code in _BUSY or status == 429:
        return Temporary("AWS asks us to wait", where=where, code="ratelimited")
    if status >= 500 or not code:
        return Temporary(f"AWS answered {status} {code}".strip(), where=where, code="aws")
    what = one_line(retold(f"{code}: {said}"), 200)
    return Failed(what, where=where, code=f"aws_{code.lower()}")


def _skew(meta: dict[str, Any]) -> str:
    """By how much the clock is wrong, as far as the answer says what time it is."""
    try:
        theirs = parsedate_to_datetime(str((meta.get("HTTPHeaders") or {})["date"]))
        seconds = (datetime.now(UTC) - theirs).total_seconds()
    except (KeyError, ValueError, TypeError):
        return ""
    if abs(seconds) < 30:
        return ""
    minutes = counted(round(abs(seconds) / 60), "minute")
    return f": it is {minutes} {'fast' if seconds > 0 else 'slow'}"
