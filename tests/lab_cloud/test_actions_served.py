"""Every action that a CCM is known to send (v1.9.3.239 to v2.14.0, by its source) is served."""

from __future__ import annotations

import pytest

from upgrader.lab.cloud.products import SHARED, actions_of

SENT_BY_CCM = {
    "ecs": """
        AddTags AuthorizeSecurityGroup CreateRouteEntry CreateSecurityGroup DeleteInstance DeleteRouteEntry
        DeleteSecurityGroup DescribeEipAddresses DescribeInstances DescribeNetworkInterfaces
        DescribeRouteTables DescribeSecurityGroupAttribute DescribeSecurityGroups DescribeVpcs
        ModifyNetworkInterfaceAttribute ModifySecurityGroupAttribute ModifySecurityGroupRule
        RevokeSecurityGroup
    """,
    "nlb": """
        AddServersToServerGroup AssociateAdditionalCertificatesWithListener
        AttachCommonBandwidthPackageToLoadBalancer CreateListener CreateLoadBalancer CreateServerGroup
        DeleteListener DeleteLoadBalancer DeleteServerGroup DescribeRegions DescribeZones
        DetachCommonBandwidthPackageFromLoadBalancer DisableLoadBalancerIpv6Internet
        DisassociateAdditionalCertificatesWithListener EnableLoadBalancerIpv6Internet GetJobStatus
        GetLoadBalancerAttribute ListAsynJobs ListListenerCertificates ListListeners ListLoadBalancers
        ListServerGroupServers ListServerGroups ListTagResources LoadBalancerJoinSecurityGroup
        LoadBalancerLeaveSecurityGroup RemoveServersFromServerGroup StartListener TagResources
        UntagResources UpdateListenerAttribute UpdateLoadBalancerAddressTypeConfig
        UpdateLoadBalancerAttribute UpdateLoadBalancerProtection UpdateLoadBalancerZones
        UpdateServerGroupAttribute UpdateServerGroupServersAttribute
    """,
    "pvtz": """
        AddZoneRecord DeleteZoneRecord DeleteZoneRecordsByRR DescribeZoneInfo DescribeZoneRecords
        DescribeZoneRecordsByRR DescribeZones UpdateZoneRecord
    """,
    "slb": """
        AddBackendServers AddTags AddVServerGroupBackendServers CreateAccessControlList
        CreateDomainExtension CreateLoadBalancer CreateLoadBalancerHTTPListener
        CreateLoadBalancerHTTPSListener CreateLoadBalancerTCPListener CreateLoadBalancerUDPListener
        CreateVServerGroup DeleteAccessControlList DeleteDomainExtension DeleteLoadBalancer
        DeleteLoadBalancerListener DeleteVServerGroup DescribeAccessControlLists DescribeAvailableResource
        DescribeCACertificates DescribeDomainExtensions DescribeLoadBalancerAttribute
        DescribeLoadBalancerHTTPListenerAttribute DescribeLoadBalancerHTTPSListenerAttribute
        DescribeLoadBalancerListeners DescribeLoadBalancerTCPListenerAttribute
        DescribeLoadBalancerUDPListenerAttribute DescribeLoadBalancers DescribeServerCertificates
        DescribeTags DescribeVServerGroupAttribute DescribeVServerGroups ListTagResources
        ModifyLoadBalancerInstanceChargeType ModifyLoadBalancerInstanceSpec ModifyLoadBalancerInternetSpec
        ModifyVServerGroupBackendServers RemoveBackendServers RemoveVServerGroupBackendServers
        SetDomainExtensionAttribute SetLoadBalancerDeleteProtection SetLoadBalancerHTTPListenerAttribute
        SetLoadBalancerHTTPSListenerAttribute SetLoadBalancerModificationProtection SetLoadBalancerName
        SetLoadBalancerTCPListenerAttribute SetLoadBalancerUDPListenerAttribute SetVServerGroupAttribute
        StartLoadBalancerListener StopLoadBalancerListener TagResources UntagResources
    """,
    "vpc": """
        AllocateEipAddress CheckCanAllocateVpcPrivateIpAddress CreateRouteEntries CreateRouteEntry
        CreateRouteTable DeleteRouteEntries DeleteRouteEntry DeleteRouteTable DescribeEipAddresses
        DescribeRouteEntryList DescribeRouteTableList DescribeVSwitchAttributes DescribeVSwitches
        DescribeVpcAttribute ReleaseEipAddress
    """,
}


@pytest.mark.parametrize("product", SENT_BY_CCM)
def test_ccm_finds_every_action(product: str) -> None:
    served = {*actions_of(product), *actions_of(SHARED.get(product, ""))}
    assert set(SENT_BY_CCM[product].split()) - served == set()
