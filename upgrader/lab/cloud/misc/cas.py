"""Certificates of the certificate service: this account has none there."""

from __future__ import annotations

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.errors import CloudError


def list_certificates(call: Call) -> Answer:
    """An empty page."""
    size = call.params.integer("PageSize", 50)
    return {"CertMetaList": [], "TotalCount": 0, "CurrentPage": 1, "PageCount": 0, "ShowSize": size}


def public_key_detail(call: Call) -> Answer:
    """No certificate has this id."""
    raise CloudError("CertNotExist", f"The certificate {call.params.text('CertIdentifier')} does not exist.", 404)


ACTIONS: Actions = {
    "DescribeSSLCertificateList": list_certificates,
    "DescribeSSLCertificatePublicKeyDetail": public_key_detail,
}
