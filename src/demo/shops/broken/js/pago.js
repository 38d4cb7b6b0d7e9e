var formulario = document.getElementById("pay");

formulario.addEventListener("submit", function (evento) {
  evento.preventDefault();
  Mercadopago.createToken(formulario, function (estado, respuesta) {
    if (estado !== 200 && estado !== 201) {
      document.getElementById("mensaje").textContent = "Error";
      return;
    }
    fetch("https://localhost:3000/api/pagar", { method: "POST", body: JSON.stringify({ token: respuesta.id }) })
      .then(function (r) { return r.json(); })
      .then(function (pago) {
        document.getElementById("mensaje").textContent = pago.status_detail;
      });
  });
});
