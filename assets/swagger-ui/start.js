"use strict";
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  // More than some 150 routes at once are never drawn to their end.
  docExpansion: "none",
  validatorUrl: null,
});
