// The Secure Fields of sdk-react in a form of the shop.
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { CardNumber, ExpirationDate, SecurityCode, createCardToken, initMercadoPago } from '@mercadopago/sdk-react';

initMercadoPago('APP_USR-00000000-1111-4222-8333-444444444444');

function Form() {
  const [name, setName] = useState('');
  const pay = async (event) => {
    event.preventDefault();
    const token = await createCardToken({ cardholderName: name });
    await fetch('/api/payments', { method: 'POST', body: JSON.stringify({ token: token.id }) });
  };
  return (
    <form onSubmit={pay}>
      <CardNumber placeholder="Número de tarjeta" />
      <ExpirationDate placeholder="MM/AA" />
      <SecurityCode placeholder="Código de seguridad" />
      <label>Nombre del titular <input autoComplete="cc-name" value={name} onChange={(event) => setName(event.target.value)} /></label>
      <button>Pagar</button>
    </form>
  );
}

createRoot(document.getElementById('root')).render(<Form />);
