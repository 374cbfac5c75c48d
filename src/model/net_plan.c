/*
 * net_plan.c - tables of a container's network
 */
#include "model/net_plan.h"

#define T struct net_link_plan
SCHEMA(net_link_plan, T, F_STR(T, bridge, "bridge", REQUIRED), F_STR(T, name, "name", REQUIRED),
       F_STRV(T, addresses, "addresses", REQUIRED), F_STR(T, mac, "mac", OMIT_EMPTY),
       F_STR(T, gateway, "gateway", OMIT_EMPTY), F_STR(T, gateway6, "gateway6", OMIT_EMPTY),
       F_STRV(T, settings, "settings", OMIT_EMPTY), F_U32(T, mtu, "mtu", REQUIRED),
       F_BOOL(T, isolated, "isolated", OMIT_EMPTY), F_STR(T, kind, "kind", OMIT_EMPTY),
       F_STR(T, mode, "mode", OMIT_EMPTY), F_STR(T, flag, "flag", OMIT_EMPTY));
#undef T

#define T struct net_port_plan
SCHEMA(net_port_plan, T, F_U32(T, protocol, "protocol", REQUIRED),
       F_STR(T, host_ip, "hostIP", REQUIRED), F_U32(T, host_port, "hostPort", OMIT_EMPTY),
       F_STR(T, ip, "ip", REQUIRED), F_U32(T, port, "port", REQUIRED));
#undef T

#define T struct net_plan
SCHEMA(net_plan, T, F_LIST(T, links, "links", net_link_plan, OMIT_EMPTY),
       F_LIST(T, ports, "ports", net_port_plan, OMIT_EMPTY),
       F_INT(T, join_pid, "joinPid", OMIT_EMPTY), F_U64(T, join_start, "joinStart", OMIT_EMPTY),
       F_INT(T, home_pid, "homePid", OMIT_EMPTY), F_U64(T, home_start, "homeStart", OMIT_EMPTY),
       F_BOOL(T, uplink, "uplink", OMIT_EMPTY));
#undef T
