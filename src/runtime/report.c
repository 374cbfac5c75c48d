/*
 * report.c - what went wrong in the child, in words
 *
 * For a program that does not run, the words are docker's, which people search for.
 */
#include "runtime/report.h"

#include "base/str.h"
#include "codec/ulimit_name.h"

#include <string.h>
#include <sys/wait.h>

static const char *item_name(const struct init_plan *p, const struct init_report *r,
			     const char *step)
{
	if (!p)
		return NULL;
	if (str_eq(step, "mount") && r->item < p->n_mounts)
		return p->mounts[r->item].target;
	if (str_eq(step, "open mount source") && r->item < p->n_sources)
		return p->sources[r->item].path;
	if (str_eq(step, "make device") && r->item < p->n_devices)
		return p->devices[r->item].path;
	if (str_eq(step, "mask") && r->item < p->n_masked)
		return p->masked_paths[r->item];
	if (str_eq(step, "make read-only") && r->item < p->n_readonly)
		return p->readonly_paths[r->item];
	if (str_eq(step, "set sysctl") && r->item < p->n_sysctls)
		return p->sysctls[r->item].path;
	if (str_eq(step, "set rlimit") && r->item < p->n_rlimits)
		return ulimit_name(p->rlimits[r->item].resource);
	if (str_eq(step, "run createContainer hook") && r->item < p->create_container.n)
		return p->create_container.items[r->item].path;
	if (str_eq(step, "run startContainer hook") && r->item < p->start_container.n)
		return p->start_container.items[r->item].path;
	if (str_eq(step, "enter working directory"))
		return p->cwd;
	return NULL;
}

static int exec_failure(const char *name, const struct init_report *r, int *ret_exit,
			struct err *err)
{
	*ret_exit = r->error == -ENOENT || r->error == -ENOTDIR ? REPORT_EXIT_NOT_FOUND
								: REPORT_EXIT_NOT_EXECUTABLE;
	switch ((enum init_detail)r->detail) {
	case INIT_NOT_IN_PATH:
		return err_set(err, r->error, "exec: \"%s\": executable file not found in $PATH",
			       name);
	case INIT_NO_SUCH_FILE:
		return err_set(err, r->error, "exec: \"%s\": stat %s: no such file or directory",
			       name, name);
	case INIT_NO_INTERPRETER:
		return err_set(err, r->error,
			       "exec %s: no such file or directory (its interpreter is missing)",
			       name);
	case INIT_IS_DIRECTORY:
		return err_set(err, r->error, "exec: \"%s\": is a directory", name);
	case INIT_NO_DETAIL:
	case INIT_CWD_OUTSIDE:
	case INIT_NOT_A_DIRECTORY:
	case INIT_OVER_PROC:
	case INIT_NOT_MOUNTED:
	case INIT_HOOK_FAILED:
	case INIT_HOOK_TIMEOUT:
	case INIT_SOURCE_CHANGED:
	case INIT_SOURCE_COVERED:
	case INIT_SOURCE_LOCKED:
		break;
	}
	if (r->error == -EACCES)
		return err_set(err, r->error, "exec: \"%s\": permission denied", name);
	if (r->error == -ENOEXEC)
		return err_set(err, r->error, "exec %s: exec format error", name);
	return err_code(err, r->error, "exec %s", name);
}

static int hook_failure(const struct init_report *r, const char *step, const char *path,
			struct err *err)
{
	if (!path)
		path = "";
	if (r->detail == INIT_HOOK_TIMEOUT)
		return err_set(err, r->error, "%s [%u] %s: killed, its time is over", step, r->item,
			       path);
	if (WIFSIGNALED(r->status))
		return err_set(err, r->error, "%s [%u] %s: killed by signal %d", step, r->item,
			       path, WTERMSIG(r->status));
	return err_set(err, r->error, "%s [%u] %s: ended with status %d%s", step, r->item, path,
		       WEXITSTATUS(r->status),
		       WEXITSTATUS(r->status) == INIT_FAILED ? " (is it there?)" : "");
}

/* "exec NAME" is what the kernel was told. */
static int apparmor_failure(const struct init_plan *p, const struct init_report *r, struct err *err)
{
	const char *profile = p && p->apparmor ? str_after(p->apparmor, "exec ") : "";

	if (r->error == -ENOENT)
		return err_set(
			err, r->error,
			"AppArmor profile %s: it is not loaded; have apparmor_parser load it",
			profile);
	return err_code(err, r->error, "AppArmor profile %s", profile);
}

/* What the kernel means by it, where the container's users are not the machine's. NULL: no more
 * than errno. */
static const char *in_user_namespace(const struct init_plan *p, const struct init_report *r,
				     const char *step)
{
	if (r->detail == INIT_SOURCE_CHANGED)
		return "it was replaced meanwhile; try again";
	if (r->detail == INIT_SOURCE_COVERED)
		return "something is mounted beneath it, which an ordinary user can only take "
		       "along: use rbind";
	if (r->detail == INIT_SOURCE_LOCKED)
		return "options that the host's mount has (ro, nosuid, nodev, noexec, atime) "
		       "cannot be taken off by an ordinary user";
	if (!p || !p->child_opens)
		return NULL;
	if (str_eq(step, "mount") && r->error == -EPERM && r->item < p->n_mounts) {
		const char *type = p->mounts[r->item].fstype;

		if (str_eq(type, "proc") || str_eq(type, "sysfs"))
			return "in a user namespace the kernel makes it only with a new PID (proc) "
			       "or network (sysfs) namespace, and where nothing is mounted over "
			       "the one that we see";
	}
	if (str_eq(step, "set rlimit") && r->error == -EPERM)
		return "only root can raise it above our own hard limit";
	return NULL;
}

int report_failure(const struct init_plan *p, const struct init_report *r, const char *name,
		   int *ret_exit, struct err *err)
{
	const char *step = r->step < init_steps_count ? init_steps[r->step].name : "start";
	const char *item, *why;

	if (r->step + 1 == init_steps_count || str_eq(step, "find the program"))
		return exec_failure(name, r, ret_exit, err);
	*ret_exit = REPORT_EXIT_SETUP;
	if (str_eq(step, "set AppArmor profile"))
		return apparmor_failure(p, r, err);
	item = item_name(p, r, step);
	if (r->detail == INIT_HOOK_FAILED || r->detail == INIT_HOOK_TIMEOUT)
		return hook_failure(r, step, item, err);
	if (str_eq(step, "set user and groups") && (r->error == -EINVAL || r->error == -EPERM))
		return err_set(err, r->error,
			       "%s: %s; the user and its groups must be mapped in the container's "
			       "user namespace, and groups need more than one's own mapped there",
			       step, strerror(-r->error));
	if (r->detail == INIT_CWD_OUTSIDE)
		return err_set(err, r->error,
			       "%s: it is outside of the container; is a descriptor of a "
			       "directory passed on?",
			       step);
	if (r->detail == INIT_NOT_A_DIRECTORY)
		return err_set(err, r->error, "%s /%s: the image has a link there", step,
			       item ? item : "");
	if (r->detail == INIT_OVER_PROC)
		return err_set(err, r->error, "%s /%s: that is in procfs, which must stay whole",
			       step, item ? item : "");
	if (r->detail == INIT_NOT_MOUNTED)
		return err_set(err, r->error, "%s /%s: nothing is mounted there to be remounted",
			       step, item ? item : "");
	why = in_user_namespace(p, r, step);
	if (why)
		return err_set(err, r->error, "%s%s%s: %s; %s", step,
			       !item                        ? ""
			       : item[0] == '/'             ? " "
			       : str_eq(step, "set rlimit") ? " "
							    : " /",
			       item ? item : "", strerror(-r->error), why);
	if (r->error == -ENOSYS)
		return err_set(
			err, r->error,
			"%s%s%s: this kernel lacks a system call for it (of openat2, fsopen, "
			"move_mount); Linux 5.6 or later is needed",
			step, item ? " /" : "", item ? item : "");
	if (!item)
		return err_code(err, r->error, "%s", step);
	return err_code(err, r->error, "%s %s%s", step,
			str_eq(step, "set rlimit") || item[0] == '.' || item[0] == '/' ? "" : "/",
			item);
}

int report_death(const struct init_report *r, int wait_status, struct err *err)
{
	const char *step = r->step < init_steps_count ? init_steps[r->step].name : "start";

	if (WIFSIGNALED(wait_status))
		return err_set(err, -EIO, "killed by signal %d at: %s", WTERMSIG(wait_status),
			       step);
	return err_set(err, -EIO, "died (status %d) at: %s", wait_status, step);
}
