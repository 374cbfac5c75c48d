/*
 * capability.c - Linux capabilities by name, as bit masks, and docker's algebra of them
 */
#include "codec/capability.h"

#include <stdbool.h>
#include <strings.h>

static const char *const names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};
_Static_assert(sizeof(names) / sizeof(names[0]) == CAPABILITY_LAST + 1, "a name for every bit");

#define BIT(n) (1ULL << (n))
/* CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT
 * MKNOD AUDIT_WRITE SETFCAP */
const uint64_t capability_defaults = BIT(0) | BIT(1) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) |
				     BIT(8) | BIT(10) | BIT(13) | BIT(18) | BIT(27) | BIT(29) |
				     BIT(31);

int capability_parse(const char *name)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (int i = 0; i <= CAPABILITY_LAST; i++)
		if (strcasecmp(name, names[i] + 4) == 0)
			return i;
	return -EINVAL;
}

const char *capability_name(int bit)
{
	return bit >= 0 && bit <= CAPABILITY_LAST ? names[bit] : NULL;
}

struct strv capability_names(uint64_t mask, struct arena *a)
{
	struct strv v = { 0 };

	for (int i = 0; i <= CAPABILITY_LAST; i++)
		if (mask & BIT(i))
			strv_add(&v, a, names[i]);
	return v;
}

uint64_t capability_mask(const struct strv *list, const char **ret_unknown)
{
	uint64_t mask = 0;

	if (ret_unknown)
		*ret_unknown = NULL;
	for (size_t i = 0; i < list->n; i++) {
		int bit = capability_parse(list->items[i]);

		if (bit >= 0)
			mask |= BIT(bit);
		else if (ret_unknown)
			*ret_unknown = list->items[i];
	}
	return mask;
}

static int mask_of(const struct strv *list, bool *ret_all, uint64_t *ret, struct err *err)
{
	*ret = 0;
	*ret_all = false;
	for (size_t i = 0; i < list->n; i++) {
		int bit = capability_parse(list->items[i]);

		if (strcasecmp(list->items[i], "ALL") == 0)
			*ret_all = true;
		else if (bit < 0)
			return err_set(
				err, -EINVAL,
				"invalid capability: \"%s\"; see capabilities(7) for the names",
				list->items[i]);
		else
			*ret |= BIT(bit);
	}
	return 0;
}

int capability_resolve(const struct strv *add, const struct strv *drop, uint64_t *ret,
		       struct err *err)
{
	uint64_t added, dropped, base = capability_defaults;
	bool add_all, drop_all;
	int r = mask_of(add, &add_all, &added, err);

	if (r == 0)
		r = mask_of(drop, &drop_all, &dropped, err);
	if (r < 0)
		return r;
	/* docker: ALL sets the base, single names of the other list then take away or give. */
	if (add_all)
		*ret = CAPABILITY_ALL & ~dropped;
	else if (drop_all)
		*ret = added;
	else
		*ret = (base & ~dropped) | added;
	return 0;
}
