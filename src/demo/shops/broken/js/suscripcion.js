var TEXTOS = {
  approved: "¡Gracias! Ya sos parte del club.",
  in_process: "Tu pago está en proceso.",
  pending: "Tu pago está en proceso.",
  rejected: "El pago no se pudo hacer.",
};

function mostrarPago(pago) {
  document.getElementById("mensaje").textContent = TEXTOS[pago.status];
}

document.getElementById("suscripcion").addEventListener("submit", function (evento) {
  evento.preventDefault();
  Mercadopago.createToken(evento.target, function (estado, respuesta) {
    fetch("/api/suscripciones", { method: "POST", body: JSON.stringify({ token: respuesta.id }) })
      .then(function (r) { return r.json(); })
      .then(mostrarPago);
  });
});
