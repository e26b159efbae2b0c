"""What the parts of a prediction are called, and what they are."""

from lcrec_core.data.encode import USER_FIELDS
from lcrec_core.models.lcrec import parts as lcrec
from lcrec_core.models.paper.parts import Part

LABELS: dict[str, str] = {
    Part.HISTORY: "History (LSTM)",
    Part.FIELDS: "Who the person is",
    Part.TITLE: "Title (CNN)",
    Part.GENRES: "Genres",
    Part.MOVIE: "The movie itself",
    lcrec.Part.BACKBONE: "Backbone",
}
"""Parts of either model: what both have has one name."""
FIELD_LABELS = dict(zip(USER_FIELDS, ("person", "gender", "age", "occupation"), strict=True))

GLOSSARY = {
    "Gates": "A gate is a row of numbers between 0 and 1 that the network works out anew for each movie of a history, "
    "and multiplies something by: 0 lets nothing through, 1 everything. The forget gate does so with the memory, the "
    "input gate with what is new, the output gate with what is told.",
    "Convolution": "A filter is a small pattern of numbers for a few words in a row. It slides over the title and says "
    "at each place how well the words there fit. What it looks for it has learnt.",
    "Pooling": "Of all its places in a title a filter keeps the largest. So it matters whether something stands in the "
    "title, and not where; and long and short titles give equally many numbers.",
    "M_f": "The movie feature: a row of numbers made of what the network learnt of this very movie, of its genres, "
    "and of what the filters found in its title.",
    "U_f": "The user feature: a row of numbers made of who the person is (U_ef: id, gender, age, occupation) and of "
    "what they liked (U_pf: the memory that the LSTM has after reading their history, each movie as its M_f).",
    "The rating": "Dense layers over U_f and M_f: each multiplies and sums, and ReLU sets what is negative to zero.",
}
"""Short explanations, in the order in which a prediction comes about."""
