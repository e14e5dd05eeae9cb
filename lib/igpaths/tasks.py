"""Where `Model` was in the first edition, from where readers' own networks may still import it."""

from igpaths.models import Model as Model
