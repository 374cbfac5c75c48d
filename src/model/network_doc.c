/*
 * network_doc.c - tables of networks and of containers' places in them
 */
#include "model/network_doc.h"

#define T struct ipam_config
SCHEMA(ipam_config, T, F_STR(T, subnet, "Subnet", OMIT_EMPTY),
       F_STR(T, ip_range, "IPRange", OMIT_EMPTY), F_STR(T, gateway, "Gateway", OMIT_EMPTY),
       F_MAP(T, reserved, "AuxiliaryAddresses", OMIT_EMPTY));
#undef T

#define T struct network_ipam
SCHEMA(network_ipam, T, F_STR(T, driver, "Driver", ALWAYS_FULL),
       F_MAP(T, options, "Options", NULL_EMPTY),
       F_LIST(T, config, "Config", ipam_config, ALWAYS_FULL));
#undef T

#define T struct network_doc
SCHEMA(network_doc, T, F_INT(T, version, "Version", REQUIRED), F_STR(T, name, "Name", REQUIRED),
       F_STR(T, id, "Id", REQUIRED), F_TIME(T, created, "Created", ALWAYS_FULL),
       F_STR(T, driver, "Driver", REQUIRED), F_OBJ(T, ipam, "IPAM", network_ipam, ALWAYS_FULL),
       F_BOOL(T, internal, "Internal", ALWAYS_FULL),
       F_BOOL(T, attachable, "Attachable", ALWAYS_FULL), F_BOOL(T, ipv6, "EnableIPv6", ALWAYS_FULL),
       F_BOOL(T, no_ipv4, "NoIPv4", OMIT_EMPTY), F_MAP(T, options, "Options", ALWAYS_FULL),
       F_MAP(T, labels, "Labels", ALWAYS_FULL), F_STR(T, device, "Device", OMIT_EMPTY));
#undef T

#define T struct endpoint
SCHEMA(endpoint, T, F_STR(T, network, "Network", REQUIRED),
       F_STR(T, network_id, "NetworkID", ALWAYS_FULL), F_STR(T, wanted_ip, "WantedIP", OMIT_EMPTY),
       F_STR(T, wanted_ip6, "WantedIP6", OMIT_EMPTY), F_STR(T, wanted_mac, "WantedMac", OMIT_EMPTY),
       F_STRV(T, aliases, "Aliases", OMIT_EMPTY), F_STRV(T, link_local, "LinkLocalIPs", OMIT_EMPTY),
       F_MAP(T, driver_opts, "DriverOpts", OMIT_EMPTY),
       F_INT(T, gw_priority, "GwPriority", OMIT_EMPTY),
       F_STR(T, endpoint_id, "EndpointID", OMIT_EMPTY),
       F_STR(T, interface, "Interface", OMIT_EMPTY), F_STR(T, ip, "IPAddress", OMIT_EMPTY),
       F_STR(T, mac, "MacAddress", OMIT_EMPTY), F_STR(T, gateway, "Gateway", OMIT_EMPTY),
       F_INT(T, prefix, "IPPrefixLen", OMIT_EMPTY), F_STR(T, ip6, "GlobalIPv6Address", OMIT_EMPTY),
       F_STR(T, gateway6, "IPv6Gateway", OMIT_EMPTY),
       F_INT(T, prefix6, "GlobalIPv6PrefixLen", OMIT_EMPTY));
#undef T

#define T struct port_binding
SCHEMA(port_binding, T, F_STR(T, port, "Port", REQUIRED), F_STR(T, host_ip, "HostIp", ALWAYS_FULL),
       F_STR(T, host_port, "HostPort", ALWAYS_FULL));
#undef T
