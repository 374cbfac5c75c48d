/*
 * heal_decide.h - what follows from what is known of a container without a shim
 */
#ifndef ENGINE_HEAL_DECIDE_H
#define ENGINE_HEAL_DECIDE_H

#include "model/container.h"
#include "model/shim_proto.h"

/* What is known of one container, and what follows; the decision makes no system call. */
struct heal_facts {
	bool known;      /* a document exists */
	bool unreadable; /* ... but cannot be read */
	bool rebooted;   /* the machine has been started since */
	int status;      /* enum container_status, of the document */
	bool auto_remove;
	const char *restart_policy;
	int restart_max, restart_count;
	const struct shim_status *exit; /* ROOT/exits/ID, or NULL */
	const struct shim_status *last; /* the dead shim's last word, or NULL */
};
enum heal_verdict {
	HEAL_SWEEP,   /* nobody knows it: remove every file */
	HEAL_KEEP,    /* the document is right; only c/ID goes */
	HEAL_EXITED,  /* note the end in the document */
	HEAL_RESTART, /* note the end, then start it again by its policy */
	HEAL_REMOVE,  /* --rm: it goes away altogether */
};
struct heal_plan {
	enum heal_verdict verdict;
	struct shim_status end; /* HEAL_EXITED, HEAL_RESTART: how it ended */
};
void heal_decide(const struct heal_facts *facts, int64_t now, struct heal_plan *ret);

#endif
