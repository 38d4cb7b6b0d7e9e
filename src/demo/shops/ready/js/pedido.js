// Pregunta al servidor de la tienda por el último pedido: el estado no se toma de la dirección de la página.
fetch("/api/pedidos/ultimo", { headers: { Accept: "application/json" } })
  .then((respuesta) => respuesta.json())
  .then(mostrarResultado)
  .catch(() => mostrarAviso("Todavía no tenemos noticias de tu pago. Te avisamos por correo.", false));
