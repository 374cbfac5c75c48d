/*
 * network_graph_svg.c - the networks and who is in them as a picture (SVG 1.1)
 *
 * Networks are boxes on the left, containers on the right, policies below; a line for each place
 * has its address at the container's end. Nobody measures text here, so the font is one whose
 * letters all have the same width, and a box is as wide as its longest line.
 */
#include "cmd/network_graph.h"

#include "base/own.h"
#include "codec/utf8.h"

enum {
	LETTER = 8,  /* width of one, pixels */
	LINE = 18,   /* height of a line of text */
	PADDING = 8, /* in a box, and between boxes */
	ALLEY = 280, /* between the columns: lines and addresses */
};

struct box {
	int x, y, width, height;
};

struct column {
	int x, y, width; /* y: where the next box goes */
};

/* Of XML; what no document of it may have at all becomes a question mark. */
static void add_xml(struct buf *out, const char *text)
{
	bool is_valid = utf8_is_valid(text, strlen(text));

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '&')
			buf_adds(out, "&amp;");
		else if (c == '<')
			buf_adds(out, "&lt;");
		else if (c == '>')
			buf_adds(out, "&gt;");
		else if (c == '"')
			buf_adds(out, "&quot;");
		else
			buf_addc(out, c < 0x20 || (c >= 0x80 && !is_valid) ? '?' : (char)c);
	}
}

static int width_of(const struct strv *lines)
{
	size_t most = 0;

	for (size_t i = 0; i < lines->n; i++) {
		size_t letters = strlen(lines->items[i]);

		most = letters > most ? letters : most;
	}
	return (int)most * LETTER + 2 * PADDING;
}

static void add_text(struct buf *out, int x, int y, const char *class, const char *text)
{
	buf_printf(out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x, y);
	add_xml(out, text);
	buf_adds(out, "</text>\n");
}

/* The first line is its title. */
static struct box add_box(struct buf *out, struct column *column, const char *class,
			  const struct strv *lines)
{
	struct box b = { column->x, column->y, column->width, (int)lines->n * LINE + PADDING };

	buf_printf(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n",
		   class, b.x, b.y, b.width, b.height);
	for (size_t i = 0; i < lines->n; i++)
		add_text(out, b.x + PADDING, b.y + (int)(i + 1) * LINE - 2, i ? "more" : "title",
			 lines->items[i]);
	column->y += b.height + PADDING;
	return b;
}

static void add_if(struct strv *lines, struct arena *a, const char *text)
{
	if (!str_is_empty(text))
		strv_add(lines, a, text);
}

static struct strv network_lines(const struct graph_network *n, struct arena *a)
{
	struct strv lines = { 0 };

	strv_add(&lines, a, n->name);
	strv_add(&lines, a, arena_printf(a, "%s%s", n->driver, n->internal ? ", internal" : ""));
	for (size_t i = 0; i < n->subnets.n; i++)
		strv_add(&lines, a, n->subnets.items[i]);
	return lines;
}

static struct strv container_lines(const struct graph_container *c, struct arena *a)
{
	struct strv lines = { 0 };

	strv_add(&lines, a, c->name);
	if (!str_eq(c->state, "running"))
		strv_add(&lines, a, c->state);
	add_if(&lines, a, c->ports);
	if (*c->shares)
		strv_add(&lines, a, arena_printf(a, "shares the network of %s", c->shares));
	for (size_t i = 0; i < c->policies.n; i++)
		strv_add(&lines, a, arena_printf(a, "policy %s", c->policies.items[i]));
	return lines;
}

static struct strv policy_lines(const struct graph_policy *p, struct arena *a)
{
	struct strv lines = { 0 };

	strv_add(&lines, a, arena_printf(a, "policy %s: %s", p->name, p->selector));
	for (size_t i = 0; i < p->rules.n; i++)
		strv_add(&lines, a, p->rules.items[i]);
	return lines;
}

static void add_places(const struct graph *g, const struct box *networks,
		       const struct box *containers, struct buf *out, struct arena *a)
{
	int *lines = arena_array(a, g->n_containers, sizeof(*lines));

	memset(lines, 0, g->n_containers * sizeof(*lines));
	for (size_t i = 0; i < g->n_places; i++) {
		const struct graph_place *p = &g->places[i];
		const struct box *from = &networks[p->network], *to = &containers[p->container];
		int y = to->y + LINE / 2 + 2 + LINE * lines[p->container]++;

		buf_printf(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n",
			   from->x + from->width, from->y + from->height / 2, to->x, y);
		add_text(out, to->x - PADDING, y - 3, "address", p->address);
	}
}

static const char style[] = "<style>text{font:13px monospace}.title{font-weight:bold}"
			    ".address{text-anchor:end;fill:#555}rect{stroke:#333}"
			    ".network{fill:#dbeafe}.container{fill:#dcfce7}.policy{fill:#fef9c3}"
			    "line{stroke:#888}</style>\n";

/* Boxes of a column, all as wide as the widest of them. */
static struct box *add_column(struct buf *out, struct column *column, const char *class,
			      const struct strv *lines, size_t n, struct arena *a)
{
	struct box *boxes = arena_array(a, n, sizeof(*boxes));

	for (size_t i = 0; i < n; i++) {
		int width = width_of(&lines[i]);

		column->width = width > column->width ? width : column->width;
	}
	for (size_t i = 0; i < n; i++)
		boxes[i] = add_box(out, column, class, &lines[i]);
	return boxes;
}

static struct strv *all_lines(const struct graph *g, struct strv **ret_containers,
			      struct strv **ret_policies, struct arena *a)
{
	struct strv *networks = arena_array(a, g->n_networks, sizeof(*networks));

	*ret_containers = arena_array(a, g->n_containers, sizeof(**ret_containers));
	*ret_policies = arena_array(a, g->n_policies, sizeof(**ret_policies));
	for (size_t i = 0; i < g->n_networks; i++)
		networks[i] = network_lines(&g->networks[i], a);
	for (size_t i = 0; i < g->n_containers; i++)
		(*ret_containers)[i] = container_lines(&g->containers[i], a);
	for (size_t i = 0; i < g->n_policies; i++)
		(*ret_policies)[i] = policy_lines(&g->policies[i], a);
	/* Room for the ends of its lines. */
	for (size_t i = 0; i < g->n_places; i++) {
		struct strv *of = &(*ret_containers)[g->places[i].container];
		size_t places = 0;

		for (size_t k = 0; k <= i; k++)
			places += g->places[k].container == g->places[i].container;
		while (of->n < places)
			strv_add(of, a, "");
	}
	return networks;
}

void network_graph_svg(const struct graph *g, struct buf *out)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(buf) struct buf drawn = { 0 };
	struct strv *of_containers, *of_policies;
	const struct strv *of_networks = all_lines(g, &of_containers, &of_policies, &a);
	struct column left = { PADDING, PADDING, 0 }, right = { 0, PADDING, 0 }, below;
	const struct box *networks, *containers;
	int width;

	networks = add_column(&drawn, &left, "network", of_networks, g->n_networks, &a);
	right.x = left.x + left.width + ALLEY;
	containers = add_column(&drawn, &right, "container", of_containers, g->n_containers, &a);
	below = (struct column){ PADDING, left.y > right.y ? left.y : right.y, 0 };
	(void)add_column(&drawn, &below, "policy", of_policies, g->n_policies, &a);
	add_places(g, networks, containers, &drawn, &a);
	width = right.x + right.width;
	if (below.x + below.width > width)
		width = below.x + below.width;
	buf_printf(out,
		   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\">\n%s",
		   width + PADDING, below.y, style);
	buf_add(out, drawn.data, drawn.len);
	buf_adds(out, "</svg>\n");
}
