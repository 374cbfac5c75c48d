/*
 * names.c - made-up names for containers that the user did not name: "eager_turing"
 *
 * An adjective and the name of somebody who found something out. About twenty thousand pairs: two
 * containers of a machine seldom meet, and when they do the store says so and another is tried.
 */
#include "engine/names.h"

#include <stdio.h>

/* clang-format off */
static const char *const adjectives[] = {
	"able", "agile", "airy", "amber", "ample", "apt", "ardent", "avid", "bold", "brave",
	"breezy", "brief", "bright", "brisk", "calm", "candid", "careful", "cheerful", "civil",
	"clear", "clever", "cosmic", "cosy", "crisp", "curious", "dapper", "daring", "deft",
	"devout", "diligent", "eager", "early", "earnest", "easy", "elated", "fair", "faithful",
	"fearless", "fervent", "fine", "fluent", "fond", "frank", "fresh", "frosty", "gallant",
	"generous", "gentle", "gifted", "glad", "golden", "good", "graceful", "grand", "happy",
	"hardy", "hearty", "honest", "hopeful", "humble", "ideal", "jolly", "jovial", "joyful",
	"just", "keen", "kind", "lively", "loyal", "lucid", "lucky", "mellow", "merry", "mild",
	"modest", "neat", "nimble", "noble", "patient", "placid", "plucky", "polite", "proud",
	"prudent", "quick", "quiet", "ready", "robust", "serene", "sharp", "silent", "sincere",
	"smart", "snug", "solid", "spry", "steady", "stoic", "sunny", "swift", "tender", "tidy",
	"trusty", "upbeat", "valiant", "vivid", "warm", "wise", "witty", "zesty",
};

static const char *const scientists[] = {
	"abel", "adams", "agnesi", "airy", "alhazen", "ampere", "anning", "apgar", "archimedes",
	"aristarchus", "arrhenius", "avogadro", "babbage", "bacon", "banach", "bardeen", "bartik",
	"bassi", "becquerel", "bell", "bernoulli", "berzelius", "bethe", "bohr", "boltzmann",
	"boole", "born", "bose", "boyle", "brahe", "brahmagupta", "brattain", "broglie", "brown",
	"bunsen", "burnell", "cannon", "cantor", "carnot", "carson", "cauchy", "cavendish",
	"celsius", "chandrasekhar", "chatelet", "cherenkov", "clausius", "clifford", "copernicus",
	"coulomb", "crick", "curie", "cuvier", "dalton", "darwin", "davy", "descartes", "dijkstra",
	"dirac", "doppler", "einstein", "elion", "engelbart", "eratosthenes", "euclid", "euler",
	"faraday", "fermat", "fermi", "feynman", "fibonacci", "fleming", "fourier", "franklin",
	"fresnel", "galileo", "galois", "galvani", "gauss", "germain", "gibbs", "godel", "goeppert",
	"goodall", "haber", "hahn", "halley", "hamilton", "hawking", "heaviside", "heisenberg",
	"helmholtz", "henry", "herschel", "hertz", "hilbert", "hodgkin", "hooke", "hopper",
	"hubble", "huygens", "hypatia", "jemison", "johnson", "joule", "kapitsa", "kepler",
	"kirchhoff", "klein", "knuth", "koch", "kovalevskaya", "lagrange", "lamarr", "lamport",
	"landau", "laplace", "lavoisier", "leavitt", "leibniz", "lie", "linnaeus", "lise",
	"lorentz", "lovelace", "lyell", "maxwell", "mayer", "mcclintock", "meitner", "mendel",
	"mendeleev", "minkowski", "mirzakhani", "morse", "napier", "nash", "newton", "nightingale",
	"nobel", "noether", "ohm", "oersted", "oppenheimer", "pascal", "pasteur", "pauli",
	"pauling", "payne", "perlman", "planck", "poincare", "poisson", "ptolemy", "pythagoras",
	"ramanujan", "raman", "rayleigh", "ride", "riemann", "ritchie", "roentgen", "rubin",
	"rutherford", "sagan", "salk", "schrodinger", "shannon", "sinoussi", "snyder", "somerville",
	"stokes", "tesla", "thales", "thompson", "torricelli", "turing", "vaughan", "villani",
	"volta", "wallace", "watt", "weil", "wiles", "wing", "wright", "wu", "yalow", "yonath",
	"zhukovsky",
};
/* clang-format on */

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

void names_make(uint64_t random, unsigned attempt, char out[NAMES_MAX])
{
	const char *adjective = adjectives[random % COUNT(adjectives)];
	const char *scientist = scientists[random / COUNT(adjectives) % COUNT(scientists)];
	uint64_t digit = random / COUNT(adjectives) / COUNT(scientists) % 10;

	if (attempt < 2)
		(void)snprintf(out, NAMES_MAX, "%s_%s", adjective, scientist);
	else
		(void)snprintf(out, NAMES_MAX, "%s_%s%u", adjective, scientist, (unsigned)digit);
}
