"""Where `Model` was in the first edition: networks of readers may still import it from here."""

from igpaths.models import Model as Model
