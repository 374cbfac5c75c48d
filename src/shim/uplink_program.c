/*
 * uplink_program.c - the command lines of pasta and of slirp4netns
 *
 * Both give the container 10.0.2.100 on an interface tap0, and 10.0.2.2 as its way out. Neither
 * lets it reach the machine's own loopback addresses: that is what --no-map-gw and
 * --disable-host-loopback are for. Nothing that listens in the container is opened outside but what
 * is published, nor the other way round.
 */
#include "shim/uplink_program.h"

#include "sys/program.h"

#include <netinet/in.h>
#include <sys/stat.h>

#define ADDRESS  "10.0.2.100"
#define GATEWAY  "10.0.2.2"
#define DEVICE   "tap0"
#define IN_PROC  "/proc/self/fd/"

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)
#define NETNS_FD 3
#define READY_FD 4
#define DIR_FD   5
_Static_assert(NETNS_FD == UPLINK_FD_NETNS && READY_FD == UPLINK_FD_READY &&
		       DIR_FD == UPLINK_FD_DIR,
	       "texts of descriptors");

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const places[] = { "/usr/bin", "/bin", "/usr/local/bin" };

static const char *const pasta_words[] = {
	"pasta",
	"--foreground",
	"--quiet",
	"--ipv4-only",
	"--config-net",
	"--address",
	ADDRESS,
	"--netmask",
	"24",
	"--gateway",
	GATEWAY,
	"--ns-ifname",
	DEVICE,
	"--ns-mac-addr",
	"02:42:0a:00:02:64",
	"--no-map-gw",
	"--no-dhcp",
	"--no-netns-quit",
	"--tcp-ns",
	"none",
	"--udp-ns",
	"none",
	"--netns",
	IN_PROC TEXT(NETNS_FD),
	"--pid",
	IN_PROC TEXT(READY_FD),
};

static const char *const slirp_words[] = {
	"slirp4netns",
	"--configure",
	"--mtu=65520",
	"--disable-host-loopback",
	"--enable-sandbox",
	"--enable-seccomp",
	"--netns-type=path",
	"--ready-fd=" TEXT(READY_FD),
	"--api-socket=" IN_PROC TEXT(DIR_FD) "/slirp.sock",
	IN_PROC TEXT(NETNS_FD),
	DEVICE,
};

/* A program that is root's and that nobody else can have written. In a user namespace in which root
 * has no number it is the number of nobody. */
static const char *find(const char *name, struct arena *a)
{
	for (size_t i = 0; i < COUNT(places); i++) {
		const char *path = arena_printf(a, "%s/%s", places[i], name);
		struct stat st;

		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & S_IXOTH &&
		    !(st.st_mode & (S_IWGRP | S_IWOTH)))
			return path;
	}
	return NULL;
}

static void add_words(struct strv *argv, struct arena *a, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strv_add(argv, a, words[i]);
}

/* pasta takes "none" only when nothing else is said. */
static void add_ports(struct strv *argv, struct arena *a, const struct net_plan *plan,
		      const char *option, uint32_t protocol)
{
	bool any = false;

	for (size_t i = 0; i < plan->ports.n; i++) {
		const struct net_port_plan *p = &plan->ports.items[i];

		if (p->protocol != protocol)
			continue;
		any = true;
		strv_add(argv, a, option);
		strv_add(argv, a, arena_printf(a, "%s/%u:%u", p->host_ip, p->host_port, p->port));
	}
	if (!any) {
		strv_add(argv, a, option);
		strv_add(argv, a, "none");
	}
}

static int check_ports(const struct net_plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->ports.n; i++)
		if (plan->ports.items[i].protocol == IPPROTO_SCTP)
			return err_set(err, -ENOTSUP,
				       "port %u/sctp cannot be published by an ordinary user: only "
				       "tcp and udp can",
				       plan->ports.items[i].port);
	return 0;
}

int uplink_program_find(const struct net_plan *plan, struct arena *a, struct uplink_program *ret,
			struct err *err)
{
	struct uplink_program p = { .path = find("pasta", a) };
	int r = check_ports(plan, err);

	if (r < 0)
		return r;
	p.asks = !p.path;
	if (p.path) {
		add_words(&p.argv, a, pasta_words, COUNT(pasta_words));
		add_ports(&p.argv, a, plan, "--tcp-ports", IPPROTO_TCP);
		add_ports(&p.argv, a, plan, "--udp-ports", IPPROTO_UDP);
	} else {
		p.path = find("slirp4netns", a);
		add_words(&p.argv, a, slirp_words, COUNT(slirp_words));
	}
	if (!p.path)
		return err_set(err, -ENOENT,
			       "an ordinary user's containers are connected by pasta or "
			       "slirp4netns, and neither is installed; install the package passt, "
			       "or use --network none or host");
	*ret = p;
	return 0;
}
