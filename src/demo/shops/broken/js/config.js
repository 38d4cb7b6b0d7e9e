// Configuración de la tienda.
var CONFIG = {
  moneda: "ARS",
  token: "{{ACCESS_TOKEN}}",
};
