/*
 * fetch_login.c - berth-fetch: login and logout
 *
 * Messages and prompts are docker's. A password is never echoed, and the terminal is as before
 * whatever ends the program: signals that would end it are held back while it is asked for.
 */
#include "base/own.h"
#include "cmd/fetch.h"
#include "registry/registry.h"

#include <signal.h>
#include <stdio.h>
#include <termios.h>

enum { LINE_MAX_BYTES = 4096, SECRET_MAX = 64 << 10 };

struct login_opts {
	const char *user, *password;
	bool password_stdin;
};

static const struct opt login_table[] = {
	STR(struct login_opts, password, 'p', "password", "string", "Password"),
	FLAG(struct login_opts, password_stdin, 0, "password-stdin",
	     "Take the password from stdin"),
	STR(struct login_opts, user, 'u', "username", "string", "Username"),
	OPT_END,
};

/* -- asking -- */

/* One line of stdin without its end, byte by byte: nothing behind it is taken. Heap, or NULL. */
static char *read_line(size_t max)
{
	OWN(buf) struct buf line = { 0 };
	char c;

	for (;;) {
		ssize_t n = read(STDIN_FILENO, &c, 1);

		if (n < 0 || (n == 0 && line.len == 0) || line.len == max)
			return NULL;
		if (n == 0 || c == '\n')
			break;
		buf_addc(&line, c);
	}
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.data[--line.len] = '\0';
	return line.len ? buf_take(&line) : str_dup("");
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

static char *read_secret(void)
{
	const struct sigaction act = { .sa_handler = on_interrupt };
	struct sigaction before;
	struct termios shown, hidden;
	bool terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
	char *line;

	/* Without SA_RESTART: ^C ends the reading, and then the terminal is put right. */
	(void)sigaction(SIGINT, &act, &before);
	if (terminal) {
		hidden = shown;
		hidden.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	}
	line = read_line(SECRET_MAX);
	if (terminal)
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	(void)sigaction(SIGINT, &before, NULL);
	(void)!write(STDOUT_FILENO, "\n", 1);
	return line;
}

static int say(struct fetch *f, const char *text)
{
	buf_adds(&f->out, text);
	return fetch_flush(f);
}

static int ask_user(struct fetch *f, const char *usual, const char **ret)
{
	OWN(str) char *line = NULL;
	int r = say(f, usual ? arena_printf(&f->a, "Username (%s): ", usual) : "Username: ");

	if (r < 0)
		return r;
	line = read_line(LINE_MAX_BYTES);
	*ret = line && *line ? arena_strdup(&f->a, line) : usual;
	return str_is_empty(*ret) ? err_set(&f->err, -EINVAL, "username is empty") : 0;
}

static int ask_password(struct fetch *f, const char **ret)
{
	OWN(str) char *line = NULL;
	int r = say(f, "Password: ");

	if (r < 0)
		return r;
	line = read_secret();
	if (interrupted)
		return err_set(&f->err, -ECANCELED, "interrupted");
	*ret = line ? arena_strdup(&f->a, line) : "";
	return **ret ? 0 : err_set(&f->err, -EINVAL, "password is empty");
}

/* The whole of stdin without the line's end behind it. */
static int password_of_stdin(struct fetch *f, const char **ret)
{
	OWN(buf) struct buf text = { 0 };
	char part[4096];
	ssize_t n;

	while ((n = read(STDIN_FILENO, part, sizeof(part))) > 0 && text.len <= SECRET_MAX)
		buf_add(&text, part, (size_t)n);
	if (n < 0)
		return err_sys(&f->err, "read the password from stdin");
	if (text.len > SECRET_MAX || (text.data && memchr(text.data, '\0', text.len)))
		return err_set(&f->err, -EINVAL, "stdin is no password");
	while (text.len > 0 && strchr("\r\n", text.data[text.len - 1]))
		text.data[--text.len] = '\0';
	*ret = arena_strdup(&f->a, buf_text(&text));
	return **ret ? 0 : err_set(&f->err, -EINVAL, "password is empty");
}

/* -- login -- */

static int try_login(struct fetch *f, struct registry_login *l)
{
	const char *file = NULL;
	int r = registry_login(l, &f->a, &file, &f->err);

	if (r < 0)
		return r;
	if (file && l->user)
		(void)fprintf(stderr,
			      "\nWARNING! Your credentials are stored unencrypted in '%s'.\n"
			      "Configure a credential helper (credsStore, credHelpers) to remove "
			      "this warning.\n\n",
			      file);
	buf_adds(&f->out, "Login Succeeded\n");
	return 0;
}

static int check_opts(struct fetch *f, const struct login_opts *o)
{
	if (o->password && o->password_stdin)
		return err_set(&f->err, -EINVAL,
			       "--password and --password-stdin are mutually exclusive");
	if (o->password_stdin && !o->user)
		return err_set(&f->err, -EINVAL, "Must provide --username with --password-stdin");
	if (o->password)
		(void)fprintf(stderr, "WARNING! Using --password via the CLI is insecure. Use "
				      "--password-stdin.\n");
	return 0;
}

/* 0 also when these are none: then *l still has no user. */
static int login_as_before(struct fetch *f, struct registry_login *l, bool *ret_done)
{
	const char *user = NULL;
	int r = registry_login_user(l->server, &f->a, &user, &f->err);

	*ret_done = false;
	if (r < 0 || !user)
		return r;
	r = say(f, "Authenticating with existing credentials...\n");
	if (r < 0)
		return r;
	r = try_login(f, l);
	*ret_done = r == 0;
	if (r == -EACCES && isatty(STDIN_FILENO)) {
		(void)fprintf(stderr, "Login did not succeed, error: %s\n", f->err.msg);
		return 0;
	}
	return r;
}

static int complete(struct fetch *f, const struct login_opts *o, struct registry_login *l)
{
	const char *usual = NULL;
	int r = 0;

	if (o->password_stdin)
		return password_of_stdin(f, &l->password);
	if ((!l->user || !l->password) && !isatty(STDIN_FILENO))
		return err_set(&f->err, -ENOTTY,
			       "Cannot perform an interactive login from a non TTY device");
	if (!l->user) {
		r = registry_login_user(l->server, &f->a, &usual, &f->err);
		if (r == 0)
			r = ask_user(f, usual, &l->user);
	}
	if (r == 0 && !l->password)
		r = ask_password(f, &l->password);
	return r;
}

static int login(struct fetch *f, struct image_store *is, const void *opts, const struct strv *args)
{
	const struct login_opts *o = opts;
	struct settings settings;
	struct registry_login l = {
		.server = args->n ? args->items[0] : NULL,
		.user = o->user,
		.password = o->password,
		.settings = &settings,
	};
	bool done = false;
	int r = check_opts(f, o);

	(void)is;
	if (r == 0)
		r = registry_setup(&f->err);
	if (r == 0)
		r = registry_settings(&f->a, &settings, &f->err);
	if (r == 0 && !l.user && !l.password)
		r = login_as_before(f, &l, &done);
	if (r < 0 || done)
		return r;
	r = complete(f, o, &l);
	return r == 0 ? try_login(f, &l) : r;
}

static int logout(struct fetch *f, struct image_store *is, const void *opts,
		  const struct strv *args)
{
	const char *server = args->n ? args->items[0] : NULL;
	bool known;
	int r = registry_logout(server, &known, &f->err);

	(void)is;
	(void)opts;
	if (r == 0)
		buf_printf(&f->out,
			   known ? "Removing login credentials for %s\n" : "Not logged in to %s\n",
			   registry_server_name(server));
	return r;
}

const struct fetch_cmd fetch_login_cmd = {
	"login", "login [OPTIONS] [SERVER]", login_table, sizeof(struct login_opts), 0, 1, true,
	login,
};
const struct fetch_cmd fetch_logout_cmd = {
	"logout", "logout [SERVER]", NULL, 0, 0, 1, true, logout,
};
